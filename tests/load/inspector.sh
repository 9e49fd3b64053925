#!/usr/bin/env bash
# What the inspector costs with 100,000 raw files and their results, and how fast it
# serves files beside nginx, in one run. Needs redis-server, curl, wrk and nginx.
#
#   tests/load/inspector.sh [FOLDER]     FOLDER is kept and used again
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-$(mktemp -d)}
port=$((20000 + RANDOM % 9000)) redis=$((port + 1)) nginx=$((port + 2))
pids=()
cleanup() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; [[ -n ${1:-} ]] || rm -rf "$folder"; }
trap 'cleanup "${1:-}"' EXIT

if [[ ! -e $folder/made ]]; then
  mkdir -p "$folder"/{raw,processed}
  awk -v folder="$folder" 'BEGIN { for (i = 0; i < 100000; i++) {
    day = sprintf("%d-%05d-20%02d%02d%02d", i / 10000, i, 10 + i % 15, 1 + i % 12, 1 + i % 28)
    raw = folder "/raw/" day ".csv"; result = folder "/processed/" day "_aggregated_sales.csv"
    print "item_id,quantity\n1,2" > raw; print "item_id,total_quantity\n1,181\n2,306\n3,190\n4,185\n5,217" > result
    close(raw); close(result) } }'
  find "$folder" -name '*.csv' -exec touch -d '2022-01-01 00:00:00' {} + # results carry the time of their input
  head -c 100000000 /dev/zero | tr '\0' '7' >"$folder/processed/large.csv"
  touch "$folder/made"
fi
# As the Dockerfile builds the image that the chart asks for by default.
CGO_ENABLED=0 go build -trimpath -tags nethttpomithttp2,nobuckets -ldflags '-s -w' -o "$folder/inspector" ./services/inspector
redis-server --port "$redis" --bind 127.0.0.1 --save '' >/dev/null & pids+=($!)
REDIS_HOST=127.0.0.1 REDIS_PORT=$redis LISTEN=127.0.0.1:$port STORE_URL=file://$folder "$folder/inspector" >"$folder/log" 2>&1 & inspector=$! pids+=($!)
cat >"$folder/nginx.conf" <<CONF
daemon off; pid $folder/nginx.pid; error_log stderr; worker_processes auto; user $(id -un);
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; etag on; keepalive_requests 1000000; types { text/csv csv; }
  server { listen 127.0.0.1:$nginx; root $folder; } }
CONF
nginx -c "$folder/nginx.conf" 2>/dev/null & pids+=($!)
until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && curl -sf -o /dev/null "http://127.0.0.1:$nginx/processed/large.csv" -r 0-1; do sleep 0.1; done

echo "first byte, warm, the slowest of five (ms):"
for where in / /files/raw/ '/files/raw/?q=0777' '/files/raw/?sort=size&order=desc' '/files/raw/?state=waiting' '/files/processed/?offset=99000' /failed /trends /results /totals /events /api /api/v1/status; do
  for _ in 0 1 2 3 4 5; do curl -s -o /dev/null -H 'Accept: text/html' -w '%{time_starttransfer}\n' "http://127.0.0.1:$port$where"; done |
    tail -n +2 | sort -n | tail -1 | awk -v where="$where" '{ printf "  %6.1f  %s\n", $1 * 1000, where }'
done
awk '/VmRSS|VmHWM/ { printf "  %s %.1f MiB\n", $1, $2 / 1024 }' "/proc/$inspector/status"

small=$(basename "$(find "$folder/processed" -name '5-5*' | head -1)")
measure() { wrk -t1 -c16 -d"${3:-3}s" "http://127.0.0.1:$1$2" | awk '/Requests\/sec/ { print $2 }'; }
large() { curl -s -o /dev/null -w '%{speed_download}\n' "http://127.0.0.1:$1$2"; }
echo "a small file, requests/s and 100 MB, MB/s, interleaved, medians of five:"
for _ in 1 2 3 4 5; do
  echo "$(measure "$port" "/files/processed/$small" 2) $(measure "$nginx" "/processed/$small" 2) $(large "$port" /files/processed/large.csv) $(large "$nginx" /processed/large.csv)"
done | awk '{ a[NR] = $1; b[NR] = $2; c[NR] = $3; d[NR] = $4 } function median(x,   i, j, t) { for (i = 1; i <= NR; i++) for (j = i + 1; j <= NR; j++) if (x[j] < x[i]) { t = x[i]; x[i] = x[j]; x[j] = t } return x[3] }
  END { p = median(a); q = median(b); r = median(c); s = median(d); printf "  small: inspector %d, nginx %d: %.2f\n  large: inspector %d, nginx %d: %.2f\n", p, q, p / q, r / 1e6, s / 1e6, r / s }'
