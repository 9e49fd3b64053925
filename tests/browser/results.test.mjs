// All results as one table, times in the reader's zone, and choices in the address, in a real Chromium.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { Pipeline } from './pipeline.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const totals = 'results?groupBy=item_id&aggregate=sum(total_quantity)+as+total';
let p;
let browser;
let sinks; // the folder of their file

before(async () => {
  sinks = await mkdtemp(path.join(os.tmpdir(), 'csv-pipeline-'));
  await writeFile(path.join(sinks, 'sinks.yaml'), 'sinks: [{name: away, http: {url: "http://127.0.0.1:1/"}}]');
  p = await Pipeline.start(['--events-config', path.join(sinks, 'sinks.yaml')]);
  for (let day = 1; day <= 20; day++) await p.put(`202203${String(day).padStart(2, '0')}.csv`, `timestamp,item_id,quantity\n2022-03-01T00:00:00Z,apple,${day}\n2022-03-01T00:00:00Z,pear,1\n`);
  await p.until((s) => s.waiting === 20);
  await p.run('processor');
  await p.until((s) => s.completed === 20);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await p?.stop();
  if (sinks) await rm(sinks, { recursive: true });
});

test('times are in the zone of the reader, and the exact ones are their titles', async () => {
  const { context, page, complaints } = await openPage(browser, p, { timezoneId: 'Asia/Kolkata' });
  await page.goto(`${p.url}files/processed/?sort=made&order=desc`);
  const times = page.locator('td time');
  const [shown, exact] = await times.first().evaluate((t) => [t.textContent, t.title]);
  assert.match(exact, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(shown, new Date(Date.parse(exact) + 5.5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '));
  assert.equal(await times.count(), 40);
  assert.equal(await page.getByRole('columnheader', { name: /Made \(local\)/ }).getAttribute('aria-sort'), 'descending');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('times of failed files and of sinks are in the zone of the reader, too', async () => {
  const { context, page, complaints } = await openPage(browser, p, { timezoneId: 'America/New_York' });
  await p.put('failing.csv', 'timestamp,item_id,quantity\n2022-03-01T00:00:00Z,apple,seven\n');
  await p.redisCommand('LPUSH', 'csvs-to-process', 'failing.csv');
  await p.run('processor');
  await p.until((s) => s.failed === 1);
  while (!(await p.api('sinks'))[0].failing); // each delivery fails, the first one soon
  const local = new Intl.DateTimeFormat('sv', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' });
  for (const [where, least] of [['failed', 3], ['events', 2], ['files/raw/failing.csv', 3], ['', 2]]) {
    await page.goto(p.url + where);
    const times = await page.locator('main time').evaluateAll((all) => all.map((t) => [t.textContent, t.title]));
    assert.ok(times.length >= least, `${where} has ${times.length} times`);
    for (const [shown, exact] of times) assert.equal(shown, local.format(new Date(exact)), where);
    assert.doesNotMatch(await page.locator('main').innerText(), /UTC/, where);
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const js of [true, false]) {
  test(`totals of all results are asked on a page, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await openPage(browser, p, { javaScriptEnabled: js });
    await page.goto(`${p.url}files/processed/?q=2022031`);
    if (!js) await page.getByRole('columnheader', { name: 'Made (UTC)' }).waitFor();
    await page.getByRole('link', { name: 'totals' }).click();
    assert.equal(await page.getByLabel('Compute').inputValue(), 'sum(total_quantity) as total_quantity');
    await page.getByLabel('Compute').press('Enter');
    await page.getByRole('region', { name: 'Answer' }).waitFor();
    assert.deepEqual(await page.locator('.rows tbody tr').allInnerTexts(), ['apple\t145', 'pear\t10']);
    assert.match(page.url(), /q=2022031/);
    const download = page.waitForEvent('download');
    await page.getByRole('region', { name: 'Answer' }).locator('xpath=following-sibling::p').getByRole('link', { name: 'csv' }).click();
    assert.equal(await readFile(await (await download).path(), 'utf8'), 'item_id,total_quantity\napple,145\npear,10\n');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('trends take a period and an item by the address and the keyboard', async () => {
  const { context, page } = await openPage(browser, p);
  await page.goto(`${p.url}trends`);
  await page.getByRole('link', { name: '7 days' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/period=week/);
  await page.getByRole('link', { name: 'pear' }).click();
  await page.waitForURL(/item=pear/);
  const rows = await page.getByRole('region', { name: 'Totals' }).locator('tbody tr').allInnerTexts();
  assert.deepEqual(rows.map((row) => row.trim()), ['pear\t7\t100.0 %']);
  await page.getByRole('link', { name: 'totals' }).click();
  await page.getByRole('region', { name: 'Answer' }).waitFor();
  assert.deepEqual(await page.locator('.rows tbody tr').allInnerTexts(), ['pear\t7']);
  await page.goBack();
  await page.getByRole('link', { name: 'all items' }).click();
  await page.getByRole('cell', { name: 'apple' }).waitFor();
  assert.match(page.url(), /period=week/);
  await context.close();
});

test('the pages fit 320 px and have no violations of accessibility, dark and light', async () => {
  for (const options of [{ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true }, { viewport: { width: 1200, height: 800 }, colorScheme: 'dark' }]) {
    const { context, page } = await openPage(browser, p, options);
    for (const address of ['', 'files/processed/', 'results', totals, 'results?groupBy=itm&aggregate=count(*)', 'trends?period=week&item=pear', 'files/processed/20220301_aggregated_sales.csv']) {
      await page.goto(p.url + address);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${address}: ${wide} px too wide`);
      await page.evaluate(axe);
      const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`));
      assert.deepEqual(found, [], address);
    }
    await context.close();
  }
});
