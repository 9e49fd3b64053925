"""The median of the quantities of each item: CSV from standard input to standard output."""
import csv
import statistics
import sys

quantities = {}
rows = csv.DictReader(sys.stdin)
try:
    for row in rows:
        quantities.setdefault(row["item_id"], []).append(float(row["quantity"]))
except (KeyError, TypeError, ValueError) as problem:
    print(f"line {rows.line_num}: {type(problem).__name__}: {problem}", file=sys.stderr)
    sys.exit(65)  # the file is bad: trying it again is of no use

out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["item_id", "median_quantity"])
for item in sorted(quantities):
    out.writerow([item, statistics.median(quantities[item])])
