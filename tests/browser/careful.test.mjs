// What people do without meaning to, and what they take away from a page: on paper, or by leaving it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { Pipeline, token } from './pipeline.mjs';

let p;
let browser;

const good = (n) => `timestamp,item_id,quantity\n2022-07-01T00:00:00Z,1,${n}\n`;
const bad = (i) => `timestamp,item_id,quantity\n2022-07-01T00:10:00Z,2,se${i}ven\n`;
const many = () => `timestamp,item_id,quantity\n${Array.from({ length: 300 }, (_, i) => `2022-07-02T00:00:00Z,${i},4\n`).join('')}`;

async function put(...files) {
  for (const [name, text] of files) await p.put(name, text);
  await p.redisCommand('LPUSH', 'csvs-to-process', ...files.map(([name]) => name));
  await p.run('processor');
}

before(async () => {
  p = await Pipeline.start();
  await put(['20220701.csv', good(3)], ['20220702.csv', many()], ['bad1.csv', bad(1)], ['bad2.csv', bad(2)], ['worse.csv', 'timestamp,item,quantity\n']);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await p?.stop();
});

async function login(page, next) {
  await page.goto(`${p.url}login?next=${next}`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(p.url + next);
}

for (const js of [true, false]) {
  test(`Enter on the box of a failed file is for the chosen files, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await openPage(browser, p, { javaScriptEnabled: js });
    const asked = [];
    page.on('request', (r) => { if (r.method() === 'POST') asked.push(r.postData()); });
    await login(page, 'failed');
    asked.length = 0;
    const box = page.locator('.letters .card', { hasText: 'worse.csv' }).getByRole('checkbox');
    await box.focus();
    await page.keyboard.press('Enter');
    if (js) {
      await box.press('Space'); // comes after it
      assert.deepEqual(asked, []);
    } else {
      await page.getByText('No file was chosen: tick at least one.').waitFor();
      await page.goBack();
      await box.check();
    }
    await box.press('Enter');
    await page.getByText('1 file will be tried again.').waitFor();
    const last = new URLSearchParams(asked.at(-1));
    assert.deepEqual([last.getAll('name'), last.get('group')], [['worse.csv'], null]);
    if (js) { // what was said once is not said by a reload
      await page.reload();
      await page.getByRole('heading', { name: 'Failed' }).waitFor();
      assert.equal(await page.getByText('will be tried again').count(), 0);
      assert.deepEqual(complaints, []);
    }
    await p.run('processor');
    await context.close();
  });
}

test('on paper a table is whole, and charts fit with their colours', async () => {
  const { context, page, complaints } = await openPage(browser, p, { viewport: { width: 1280, height: 900 } });
  const cut = () => page.evaluate(() => [...document.querySelectorAll('.scroll, .chart, .u-wrap, canvas, svg')]
    .filter((e) => e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 0 && getComputedStyle(e).overflowY !== 'visible' || e.getBoundingClientRect().right > innerWidth)
    .map((e) => e.outerHTML.slice(0, 80)));
  // Found and read at once: the parts of a live page are replaced.
  const exact = async (selector) => (await page.waitForFunction((selector) => {
    const found = document.querySelector(selector);
    return found && getComputedStyle(found).printColorAdjust;
  }, selector)).jsonValue();
  for (const address of ['files/raw/20220702.csv', 'files/processed/20220702_aggregated_sales.csv', 'trends', '']) {
    await page.emulateMedia({ media: 'screen' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(p.url + address);
    if (address === 'trends' || address === '') await page.locator('.chart canvas').waitFor();
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 718, height: 900 }); // of A4
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); })); // charts follow their width
    assert.deepEqual(await cut(), [], address);
    if (address === 'trends') assert.equal(await exact('.u-legend .u-marker'), 'exact');
    if (address === '') assert.equal(await exact('progress'), 'exact');
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a page with an upload under way asks before it is left, and one without does not', async () => {
  const { context, page } = await openPage(browser, p);
  const dialogs = [];
  page.on('dialog', async (d) => { dialogs.push(d.type()); await d.dismiss(); });
  const file = path.join(p.folder, 'leaving.csv');
  await writeFile(file, good(7));
  await login(page, 'upload');
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/files/raw/leaving.csv', async (route) => { await held; await route.continue(); });
  const begun = page.waitForRequest((r) => r.method() === 'PUT');
  await page.getByLabel('Choose files').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await begun;
  const dialog = page.waitForEvent('dialog');
  await page.getByRole('link', { name: 'Trends' }).click({ noWaitAfter: true });
  await dialog;
  assert.deepEqual(dialogs, ['beforeunload']);
  release();
  await page.getByText('1 of 1 file uploaded.').waitFor();
  await page.getByRole('link', { name: 'Trends' }).click();
  await page.waitForURL(`${p.url}trends`);
  assert.deepEqual(dialogs, ['beforeunload']);
  await context.close();
});

test('the menu counts what fails while files are uploaded', async () => {
  const { context, page } = await openPage(browser, p);
  const file = path.join(p.folder, 'counted.csv');
  await writeFile(file, bad(9));
  await login(page, 'upload');
  const before = Number(await page.locator('#part-failedcount').innerText());
  await page.getByLabel('Choose files').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('1 of 1 file uploaded.').waitFor();
  await p.run('processor');
  await page.locator('#part-failedcount', { hasText: String(before + 1) }).waitFor();
  await context.close();
});

test('charts that the script draws have the name of those of the server, and fields can be seen', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { context, page } = await openPage(browser, p, { colorScheme });
    for (const address of ['', 'trends']) {
      await page.goto(p.url + address);
      const name = await page.locator('.chart > svg').first().getAttribute('aria-label');
      assert.ok(name);
      assert.equal(await page.locator('.chart canvas').getAttribute('aria-label', { timeout: 60_000 }), name);
      assert.equal(await page.locator('.chart canvas').getAttribute('role'), 'img');
    }
    const contrasts = await page.evaluate(() => {
      const light = (text) => {
        const [r, g, b] = text.match(/[\d.]+/g).map((v) => { const s = v / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => { const [low, high] = [light(a), light(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
      const page = getComputedStyle(document.body).backgroundColor;
      return [...document.querySelectorAll('.filter input:not([type="hidden"]), .filter select')].map((e) => {
        const style = getComputedStyle(e);
        return [e.name, contrast(style.borderTopColor, page), e.placeholder ? contrast(getComputedStyle(e, '::placeholder').color, style.backgroundColor) : 9];
      });
    });
    assert.ok(contrasts.length > 5);
    assert.deepEqual(contrasts.filter(([, border, placeholder]) => border < 3 || placeholder < 4.5), [], colorScheme);
    await context.close();
  }
});
