// The pages in a real Chromium, on the real services and a real Redis.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from './chromium.mjs';
import { demo, Pipeline, token } from './pipeline.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

const pages = ['', 'files/raw/', 'files/raw/?state=failed', 'files/processed/', 'files/processed/20220101_aggregated_sales.csv', 'files/raw/20220101.csv',
  'files/raw/broken/20220701.csv', 'trends', 'trends?step=month&kind=bars', 'failed', 'failed?q=quantity', 'events', 'results', 'api', 'upload', 'login', 'nothing'];
const wide = { width: 1280, height: 900 };
const narrow = { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true };
const looks = {
  light: { colorScheme: 'light', viewport: wide },
  dark: { colorScheme: 'dark', viewport: wide, reducedMotion: 'reduce' },
  narrow: { colorScheme: 'light', ...narrow },
  'narrow and dark': { colorScheme: 'dark', ...narrow },
  'at 200 %': { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }, // what zooming does to a window of 1280 pixels
  'without JavaScript': { javaScriptEnabled: false },
};

let p;
let browser;

before(async () => {
  p = await Pipeline.start();
  await demo(p);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await p?.stop();
});

const open = (options) => openPage(browser, p, options);

async function login(page) {
  await page.goto(`${p.url}login?next=failed`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${p.url}failed`);
}

for (const [look, options] of Object.entries(looks)) {
  test(`every page, ${look}`, async () => {
    const { context, page, complaints } = await open(options);
    for (const address of pages) {
      const answer = await page.goto(p.url + address);
      assert.equal(answer.status(), address === 'nothing' ? 404 : 200, address);
      if (look === 'without JavaScript') {
        assert.ok(await page.locator('h1').innerText(), address);
        if (address === '' || address.startsWith('trends')) assert.ok(await page.locator('.chart > svg').isVisible(), `${address} has no chart`);
        continue;
      }
      if (address === '') await page.locator('#connection[data-state="on"]').waitFor();
      if (address === '' || address.startsWith('trends')) await page.locator('.chart canvas').waitFor();
      assert.deepEqual(complaints.filter((c) => address !== 'nothing' || !c.includes('404')), [], address);
      complaints.length = 0;
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${address} is ${wide} pixels too wide`);
      await page.evaluate(axe); // not as a script element, which the policy refuses
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], address);
    }
    await context.close();
  });
}

test('names of files are text', async () => {
  const { context, page, complaints } = await open();
  page.on('dialog', (d) => { complaints.push(`a dialog: ${d.message()}`); d.dismiss(); });
  for (const address of ['', 'files/raw/?folder=broken/', 'failed']) {
    await page.goto(p.url + address);
    assert.ok((await page.locator('body').innerText()).includes('<img src=x onerror=alert(1)>'), address);
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the overview follows what happens', async () => {
  const { context, page, complaints } = await open();
  await page.goto(p.url);
  await page.locator('#connection[data-state="on"]').waitFor();
  await p.put('20990101.csv', 'timestamp,item_id,quantity\n2099-01-01T00:00:00Z,1,4\n');
  await p.redisCommand('LPUSH', 'csvs-to-process', '20990101.csv');
  await p.run('processor');
  await page.getByRole('link', { name: '20990101_aggregated_sales.csv' }).waitFor();
  await page.locator('.tiles .good dd', { hasText: '183' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('files are sorted, filtered, paged and downloaded', async () => {
  const { context, page, complaints } = await open();
  await page.goto(`${p.url}files/raw/`);
  await page.locator('thead').getByRole('link', { name: 'Name' }).click();
  await page.locator('th[aria-sort="descending"]').waitFor();
  await page.getByLabel('Name contains').fill('202203');
  await page.getByLabel('Rows').selectOption('50');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('1–31 of 31').waitFor();
  assert.equal(await page.locator('tbody tr td:nth-child(2)').first().innerText(), '20220331.csv');
  await page.locator('tbody input').first().check();
  await page.locator('tbody input').nth(1).check();
  await page.getByText('2 chosen').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download chosen as zip' }).click()]);
  assert.equal(download.suggestedFilename(), 'csv-pipeline-raw.zip');
  const bytes = await readFile(await download.path());
  assert.ok(bytes.includes('20220331.csv') && bytes.includes('20220330.csv') && !bytes.includes('20220329.csv'));
  await page.getByRole('link', { name: '20220331.csv', exact: true }).click();
  await page.getByRole('link', { name: '20220331_aggregated_sales.csv' }).first().click();
  await page.getByRole('link', { name: 'total_quantity' }).click();
  await page.locator('th[aria-sort="ascending"]').waitFor();
  const totals = (await page.locator('table.rows tbody td:nth-child(2)').allInnerTexts()).map(Number);
  assert.deepEqual(totals, [...totals].sort((a, b) => a - b));
  await page.getByRole('link', { name: '20220331.csv' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('trends add up and are downloaded', async () => {
  const { context, page, complaints } = await open();
  await page.goto(`${p.url}trends`);
  await page.getByLabel('Step').selectOption('month');
  await page.waitForURL(/step=month/);
  await page.getByLabel('Draw').selectOption('bars');
  await page.waitForURL(/kind=bars/);
  const shown = await page.locator('tfoot td').first().innerText();
  let total = 0;
  for (const { name } of await (await fetch(`${p.url}files/processed/?format=json`)).json()) {
    const text = await (await fetch(`${p.url}files/processed/${name.split('/').map(encodeURIComponent).join('/')}`)).text();
    for (const line of text.trim().split('\n').slice(1)) total += Number(line.split(',')[1] ?? 0);
  }
  assert.equal(Number(shown.replaceAll(',', '')), total);
  for (const format of ['csv', 'svg', 'png']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: format, exact: true }).click()]);
    assert.ok((await readFile(await download.path())).length > 100, format);
  }
  await page.goto(`${p.url}trends?step=month&kind=bars&to=2022-06-30`);
  await page.locator('#trend .u-over').hover();
  await page.locator('.tip b').first().waitFor();
  const [month, ...values] = await page.locator('.tip strong, .tip b').allInnerTexts();
  assert.match(month, /^2022-0[1-6]$/);
  assert.ok(values.length > 1 && values.every((v) => /^[1-9][0-9,]*$/.test(v)), `the pointer shows ${values}`);
  // The year begins on a Saturday.
  await page.goto(`${p.url}trends?step=week&to=2022-06-30`);
  await page.getByText('week of 2021-12-27 (2 of 7 days)').waitFor();
  await page.locator('#trend .u-over').hover({ position: { x: 1, y: 50 } });
  await page.locator('.tip strong', { hasText: 'week of 2021-12-27, 2 of 7 days' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const js of [true, false]) {
  test(`log in, retry, drop and upload, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await open({ javaScriptEnabled: js });
    page.on('dialog', (d) => d.accept());
    const name = js ? 'with.csv' : 'without.csv';
    const file = path.join(p.folder, name);
    await writeFile(file, 'timestamp,item_id,quantity\n2022-07-01T00:00:00Z,1,many\n');
    await login(page);
    await page.goto(`${p.url}upload`);
    await page.getByLabel('Choose files').setInputFiles(file);
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByText(js ? 'queued' : '1 file uploaded and queued', { exact: js }).waitFor();
    await p.run('processor');
    await page.goto(`${p.url}failed`);
    const card = page.locator('.letters .card', { hasText: `${name}:2` });
    assert.equal(await card.locator('mark').innerText(), 'many');
    await card.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('1 file will be tried again.').waitFor();
    await p.run('processor');
    await page.goto(`${p.url}files/raw/${name}`);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('1 file will be tried again.').waitFor();
    await p.run('processor');
    await page.goto(`${p.url}failed`);
    await card.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Drop chosen' }).click();
    if (!js) await page.getByRole('button', { name: 'Delete' }).click(); // the script asks by itself
    await page.getByText('1 file dropped.').waitFor();
    assert.equal(await card.count(), 0);
    assert.equal((await fetch(`${p.url}files/raw/${name}`)).status, 404);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('link', { name: 'Log in' }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('a button is disabled only where it needs a choice', async () => {
  const { context, page } = await open();
  await page.route(`${p.url}failed`, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/<div class="actions[^"]*">/, '$&<button name="kind" value="malformed">A new button</button>');
    await route.fulfill({ response: answer, body });
  });
  await page.goto(`${p.url}failed`);
  const disabled = (name) => page.getByRole('button', { name }).isDisabled();
  assert.deepEqual([await disabled('A new button'), await disabled('Retry all'), await disabled('Retry chosen'), await disabled('Drop chosen')], [false, false, true, true]);
  await page.locator('.letter input').first().check();
  assert.deepEqual([await disabled('Retry chosen'), await disabled('Drop chosen')], [false, false]);
  await context.close();
});

test('everything can be reached by keyboard', async () => {
  const { context, page } = await open();
  await page.goto(`${p.url}files/raw/`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  const reached = new Set();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.getAttribute('name') ?? document.activeElement.textContent.trim()));
  }
  for (const what of ['Trends', 'q', 'state', 'Name', '20220101.csv']) assert.ok(reached.has(what), `${what} is not reached: ${[...reached]}`);
  await context.close();
});

test('the chart library is the one of the lock file', async () => {
  const embedded = path.join(here, '../../internal/web/views/assets/uplot');
  for (const [mine, theirs] of [['uPlot.iife.min.js', 'dist/uPlot.iife.min.js'], ['uPlot.min.css', 'dist/uPlot.min.css'], ['LICENSE', 'LICENSE']]) {
    assert.deepEqual(await readFile(path.join(embedded, mine)), await readFile(path.join(here, 'node_modules/uplot', theirs)), mine);
  }
});
