// The charts of trends in a real Chromium, of results that are unlike those of the demonstration.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { Pipeline } from './pipeline.mjs';

let p;
let browser;

before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

// show has a page of the trends of some results, and gives what the chart has drawn.
async function show(results, query, options, look) {
  p = await Pipeline.start();
  try {
    await mkdir(path.join(p.data, 'processed'), { recursive: true });
    for (const [name, rows] of Object.entries(results)) {
      await writeFile(path.join(p.data, 'processed', `${name}_aggregated_sales.csv`), `item_id,total_quantity\n${rows}`);
    }
    const { context, page, complaints } = await openPage(browser, p, options);
    // What the chart writes on its canvas and where it draws points.
    await context.addInitScript(() => {
      globalThis.written = [];
      const write = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function fillText(text, ...rest) { globalThis.written.push(text); return write.call(this, text, ...rest); };
      globalThis.points = 0;
      const arc = Path2D.prototype.arc;
      Path2D.prototype.arc = function draw(...args) { globalThis.points++; return arc.apply(this, args); };
    });
    await page.goto(`${p.url}trends${query}`);
    await page.locator('#trend canvas').waitFor();
    await page.waitForFunction(() => globalThis.written.length > 0);
    await look(page, await page.evaluate(() => ({ written: globalThis.written.filter((t) => /^[0-9]{4}/.test(t)), points: globalThis.points })));
    assert.deepEqual(complaints, []);
    await context.close();
  } finally { await p.stop(); }
}

test('values beside gaps are seen', () => show({ 20220101: '1,5\n', 20220301: '1,6\n', 20220302: '1,6\n', 20220303: '1,6\n', 20221231: '1,7\n' }, '', {}, (page, { points }) => {
  assert.equal(points, 4);
}));

test('months are named, each once, in every time zone', async () => {
  const months = Object.fromEntries([...Array(5).keys()].map((m) => [`2022-0${m + 1}-01`, '1,5\n']));
  for (const timezoneId of ['America/New_York', 'Pacific/Auckland']) {
    await show(months, '?step=month', { timezoneId }, (page, { written }) => {
      assert.deepEqual(written, ['2022-01', '2022-02', '2022-03', '2022-04', '2022-05']);
    });
  }
});

test('a single day spans a day', () => show({ 20220101: '1,5\n2,6\n' }, '', {}, async (page, { written }) => {
  assert.deepEqual(written, ['2022-01-01']);
  // The point is in the middle, and so is what the pointer shows.
  await page.locator('#trend .u-over').hover();
  const { x, width } = await page.locator('#trend .u-over').boundingBox();
  const point = await page.locator('#trend .u-cursor-pt').first().boundingBox();
  assert.ok(Math.abs(point.x + point.width / 2 - (x + width / 2)) < 2, `${point.x} in ${x} to ${x + width}`);
}));
