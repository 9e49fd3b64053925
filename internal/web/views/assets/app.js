// Everything works without this file. With it the start page is live, charts show the
// values under the pointer, and uploads show their progress.
'use strict';

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const color = (i) => css(`--c${i % 10}`);
const dark = matchMedia('(prefers-color-scheme: dark)');

// chart keeps a chart as wide as its place and in the colours of the theme.
function chart(place, options, data) {
  let drawn;
  const name = place.querySelector('svg')?.getAttribute('aria-label');
  const draw = (data) => {
    drawn?.destroy();
    place.classList.add('drawn');
    drawn = new uPlot({ width: place.clientWidth, height: Number(place.dataset.height || 320), ...options() }, data, place);
    drawn.ctx.canvas.setAttribute('role', 'img');
    drawn.ctx.canvas.setAttribute('aria-label', name);
    return drawn;
  };
  let latest = data;
  draw(latest);
  new ResizeObserver(() => {
    if (Math.abs(drawn.width - place.clientWidth) > 1) drawn.setSize({ width: place.clientWidth, height: drawn.height });
  }).observe(place);
  dark.addEventListener('change', () => draw(latest));
  return { set(data) { latest = data; drawn.setData(data); }, get plot() { return drawn; } };
}

// tip shows the values under the pointer: of() returns the heading of a point and its
// rows of colour, name and value.
function tip(of) {
  const box = document.createElement('div');
  box.className = 'tip';
  box.hidden = true;
  const line = (tag, ...parts) => { const e = document.createElement(tag); e.append(...parts); return e; };
  return { hooks: {
    init: (u) => u.over.append(box),
    setCursor: (u) => {
      const { idx, left, top } = u.cursor;
      const rows = idx == null || left < 0 ? [] : of(idx).rows;
      box.hidden = rows.length === 0;
      if (box.hidden) return;
      box.replaceChildren(line('strong', of(idx).heading), ...rows.map(([fill, name, value]) => {
        const swatch = document.createElement('i');
        swatch.style.background = fill;
        return line('p', swatch, line('span', name), line('b', value));
      }));
      const right = left > u.over.clientWidth / 2;
      box.style.left = `${right ? left - box.offsetWidth - 14 : left + 14}px`;
      box.style.top = `${Math.max(0, Math.min(top - 20, u.over.clientHeight - box.offsetHeight))}px`;
    },
  } };
}

const axis = (more) => ({ stroke: css('--muted'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false }, ...more });
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });
const compact = (u, values) => values.map((v) => short.format(v));
const utc = (seconds) => new Date(seconds * 1000).toISOString();

// local is a time in the zone of the reader: 2022-01-31 10:00:00.
function local(t) {
  const two = (n) => String(n).padStart(2, '0');
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

function throughput(place, points) {
  const columns = (points) => [points.map((p) => p.unix), points.map((p) => p.files)];
  place.dataset.height = 190;
  let latest = columns(points);
  return ((made) => ({ set: (points) => { latest = columns(points); made.set(latest); } }))(chart(place, () => ({
    legend: { show: false },
    cursor: { y: false, points: { show: false } },
    plugins: [tip((at) => ({ heading: local(new Date(latest[0][at] * 1000)).slice(11), rows: [[color(0), 'files', number.format(latest[1][at] ?? 0)]] }))],
    scales: { x: { time: true, range: (u, low, high) => [low - 10, high + 10] }, y: { range: (u, low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [axis({ values: (u, at) => at.map((t) => local(new Date(t * 1000)).slice(11, 16)), size: 28 }), axis({ values: compact, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5] })],
    series: [{}, { label: 'files', stroke: color(0), fill: color(0), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 40] }) }],
  }), latest));
}

// live tells of events while this tab is seen: tell gets 'on' or 'lost' as the state of the
// connection, or an event. All tabs share one connection, where the browser has shared workers.
function live(tell) {
  const script = document.querySelector('script[data-live]').src;
  const hear = ({ state, text }) => tell(state, text && JSON.parse(text));
  let show;
  let hide;
  const alone = () => {
    const events = liveEvents('live', hear);
    [show, hide] = [events.open, events.close];
  };
  try {
    const worker = new SharedWorker(script);
    worker.port.onmessage = ({ data }) => hear(data);
    // Where it cannot be loaded, as with storage blocked, this page has a connection of its own.
    worker.onerror = () => { alone(); if (seen) show(); };
    [show, hide] = ['show', 'hide'].map((what) => () => worker.port.postMessage(what));
  } catch { alone(); }
  let seen = false;
  const follow = (now) => {
    if (now === seen) return;
    seen = now;
    if (seen) show();
    else hide();
  };
  let left = false; // for another page; events of its visibility follow that
  const visible = () => follow(!left && document.visibilityState === 'visible');
  document.addEventListener('visibilitychange', visible);
  addEventListener('pageshow', () => { left = false; visible(); });
  addEventListener('pagehide', () => { left = true; visible(); });
  visible();
}

// menuCounts shows the counts of an event beside the entries of the menu.
function menuCounts({ parts }) {
  for (const name of ['waitingcount', 'failedcount']) {
    const place = document.getElementById(`part-${name}`);
    if (parts[name] !== undefined && place.innerHTML !== parts[name]) place.innerHTML = parts[name]; // made by the server's templates
  }
}

function overview() {
  const connection = document.getElementById('connection');
  const place = document.getElementById('throughput');
  let drawn;
  const shown = {};
  live((state, event) => {
    if (state) {
      connection.dataset.state = state;
      connection.textContent = { on: 'live', lost: 'connection lost, reconnecting' }[state];
    }
    if (!event) return;
    for (const [name, html] of Object.entries(event.parts)) {
      const part = document.getElementById(`part-${name}`);
      // Unchanged parts stay, and with them the focus and the selection.
      if (shown[name] === html || !part) continue;
      if (part.contains(document.activeElement) && name !== 'progress' && name !== 'tiles') continue;
      shown[name] = html;
      part.innerHTML = html; // made by the server's templates, which escape
      localTimes(part);
    }
    if (!event.points) return; // Redis cannot be reached
    if (drawn) drawn.set(event.points);
    else drawn = throughput(place, event.points);
  });
}

// named is the name of a step that begins on a day.
const named = (day, step) => day.slice(0, { day: 10, week: 10, month: 7, year: 4 }[step]);

// marks are the times that an axis names, of those from low to high and at most so many: every
// step, every second, and so on, or the first ones of months or years.
function marks(times, x, low, high, most) {
  const shown = x.flatMap((t, at) => (t >= low && t <= high ? [at] : []));
  const month = (at) => Number(times[at].slice(0, 4)) * 12 + Number(times[at].slice(5, 7)) - 1;
  const every = (n) => (at) => at % n === 0;
  const first = (n) => (at) => (at === 0 ? times[0].endsWith('-01') && month(0) % n === 0 : Math.floor(month(at) / n) !== Math.floor(month(at - 1) / n));
  let chosen = [];
  for (const is of [...[1, 2, 7].map(every), ...[1, 3, 6, 12, 24, 60, 120, 240, 600].map(first)]) {
    const found = shown.filter(is);
    if (found.length > 0) chosen = found;
    if (found.length <= most) break;
  }
  return chosen.map((at) => x[at]);
}

function trend(place) {
  const { times, series, value, step, partial } = JSON.parse(place.dataset.trend);
  const x = times.map((t) => Date.parse(t) / 1000);
  const values = series.map((s) => s.values);
  const stacked = place.dataset.kind === 'bars';
  const sums = [];
  if (stacked) {
    values.forEach((column, i) => sums.push(column.map((v, at) => (v ?? 0) + (i ? sums[i - 1][at] : 0))));
    sums.reverse();
  }
  const order = stacked ? series.map((_, i) => series.length - 1 - i) : series.map((_, i) => i);
  // Bars need room on both sides, and so does a single point.
  const half = stacked || x.length === 1 ? { day: 1, week: 7, month: 30, year: 365 }[step] * 43_200 : 0;
  // Points beside a gap: of one alone there is no line, and of a few it is too short to see.
  const ends = values.map((v) => v.flatMap((value, at) => {
    const [before, after] = [at > 0 && v[at - 1] == null, at < v.length - 1 && v[at + 1] == null];
    return value != null && (before || after || v.length === 1) ? [at] : [];
  }));
  const pale = new Map(partial.map((p) => [times.indexOf(p.time), `, ${p.days} of ${p.of} days`]));
  // A veil over incomplete steps, so that they do not look like a drop.
  const veil = { hooks: { draw: (u) => {
    const margin = 6 * devicePixelRatio; // of the points at the edges
    const [left, top, width, height] = [u.bbox.left - margin, u.bbox.top, u.bbox.width + 2 * margin, u.bbox.height];
    u.ctx.fillStyle = css('--panel');
    u.ctx.globalAlpha = 0.65;
    for (const at of pale.keys()) {
      const edge = (neighbour) => (x[neighbour] === undefined ? undefined : u.valToPos(stacked ? (x[at] + x[neighbour]) / 2 : x[neighbour], 'x', true));
      const from = at === 0 ? left : edge(at - 1);
      const to = at === 0 ? edge(at + 1) ?? left + width : left + width;
      u.ctx.fillRect(from, top, to - from, height);
    }
    u.ctx.globalAlpha = 1;
  } } };
  place.dataset.height = 400;
  const made = chart(place, () => ({
    legend: { live: false, isolate: true, markers: { width: 0, fill: (u, i) => color(order[i - 1]) } },
    cursor: { y: false, points: stacked ? { show: false } : { size: 7 }, focus: { prox: 24 } },
    plugins: [veil, tip((at) => ({
      heading: (step === 'week' ? 'week of ' : '') + named(times[at], step) + (pale.get(at) ?? ''),
      rows: order.filter((i) => values[i][at] != null).map((i) => [color(i), series[i].name, number.format(values[i][at])]),
    }))],
    focus: { alpha: stacked ? 1 : 0.35 },
    scales: { x: { time: true, range: (u, low, high) => [low - half, (x.length === 1 ? low : high) + half] }, y: { range: (u, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] } },
    axes: [axis({ splits: (u, i, low, high) => marks(times, x, low, high, u.bbox.width / devicePixelRatio / 90), values: (u, at) => at.map((t) => named(utc(t), step)), size: 32 }), axis({ values: compact, size: 62 })],
    series: [{}, ...order.map((i) => ({
      label: series[i].name, stroke: color(i), width: stacked ? 0 : 1.75, fill: stacked ? color(i) : undefined, points: { show: !stacked && x.length < 40, size: 6, fill: color(i), filter: (u, s, show) => (stacked || show ? null : ends[i]) },
      paths: stacked ? uPlot.paths.bars({ size: [0.85, 60] }) : undefined,
    }))],
  }), [x, ...(stacked ? sums : values)]);
  const png = document.querySelector('[data-png]');
  png.hidden = false;
  png.addEventListener('click', (event) => {
    event.preventDefault();
    const from = made.plot.ctx.canvas;
    const to = document.createElement('canvas');
    [to.width, to.height] = [from.width, from.height + 40 * devicePixelRatio];
    const ctx = to.getContext('2d');
    ctx.fillStyle = css('--panel');
    ctx.fillRect(0, 0, to.width, to.height);
    ctx.drawImage(from, 0, 0);
    ctx.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
    let at = 12 * devicePixelRatio;
    series.forEach((s, i) => {
      ctx.fillStyle = color(i);
      ctx.fillRect(at, from.height + 12 * devicePixelRatio, 10 * devicePixelRatio, 10 * devicePixelRatio);
      ctx.fillStyle = css('--text');
      at += 15 * devicePixelRatio;
      ctx.fillText(s.name, at, from.height + 21 * devicePixelRatio);
      at += ctx.measureText(s.name).width + 18 * devicePixelRatio;
    });
    to.toBlob((blob) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `${value}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  });
}

// A form of files to choose from: one box for all, and a count. Buttons that are for
// the chosen files have data-needs-choice, and are disabled while none is chosen.
function selection(form) {
  const boxes = () => [...form.querySelectorAll('tbody input[type="checkbox"], .letter input[type="checkbox"]')];
  const all = form.querySelector('[data-all]');
  const label = form.querySelector('[data-chosen]');
  if (all) {
    all.hidden = false;
    form.querySelector('.selectall')?.removeAttribute('hidden');
    all.addEventListener('change', () => { boxes().forEach((box) => { box.checked = all.checked; }); count(); });
  }
  function count() {
    const chosen = boxes().filter((box) => box.checked).length;
    if (label) label.textContent = chosen ? `${chosen} chosen` : '';
    form.querySelectorAll('button[data-needs-choice]').forEach((button) => { button.disabled = !chosen; });
    if (all) { all.checked = chosen > 0 && chosen === boxes().length; all.indeterminate = chosen > 0 && !all.checked; }
  }
  form.addEventListener('change', count);
  form.addEventListener('submit', (event) => {
    const by = event.submitter;
    if (by?.dataset.confirm) {
      if (!confirm(by.dataset.confirm)) { event.preventDefault(); return; }
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'sure', value: '1' })); // the server need not ask
    }
    // The button of one file is for that file alone.
    if (by && 'one' in by.dataset) { boxes().forEach((box) => { box.checked = false; }); }
  });
  // Where the first button is disabled, browsers take the next one for Enter, which may be for all files.
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.type === 'checkbox' && form.querySelector('button[data-needs-choice]:disabled')) event.preventDefault();
  });
  window.addEventListener('pageshow', count);
  count();
}

if (document.body.dataset.page === 'overview') overview();
// copyable gives a text a button that copies it, where the browser allows that.
function copyable(place) {
  if (!navigator.clipboard) return;
  const text = place.innerText;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  });
  place.prepend(button);
}

// localTimes writes times, which the server knows in UTC alone, in the zone of the reader.
function localTimes(root) {
  for (const place of root.querySelectorAll('time[data-local]')) {
    const text = local(new Date(place.dateTime));
    place.textContent = place.dataset.local === 'clock' ? text.slice(11, 16) : text;
  }
  for (const place of root.querySelectorAll('[data-zone]')) {
    place.textContent = '(local)';
    place.title = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

// What the address says of the last action was said: it is not said again when the page is reloaded.
if (new URLSearchParams(location.search).has('did')) history.replaceState(null, '', location.pathname + location.hash);
localTimes(document);
for (const place of document.querySelectorAll('.copy')) copyable(place);
for (const place of document.querySelectorAll('#trend')) trend(place);
for (const form of document.querySelectorAll('[data-selection]')) selection(form);
for (const form of document.querySelectorAll('[data-auto]')) form.addEventListener('change', () => form.requestSubmit());
if (document.querySelector('[data-reload]')) setTimeout(() => location.reload(), 1000);
for (const place of document.querySelectorAll('[data-origin]')) place.replaceWith(location.origin);
