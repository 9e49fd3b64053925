// Lists, forms and uploads in a real Chromium, with files that are unlike those of the demonstration.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { Pipeline, token } from './pipeline.mjs';

const long = `${'a-name-that-a-program-made-from-many-parts_'.repeat(5)}20220101`;
const row = 'timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,4\n';

let p;
let browser;

before(async () => {
  p = await Pipeline.start();
  await p.put(`${long}.csv`, row);
  await p.put('20220102.csv', row);
  for (let i = 0; i < 60; i++) await p.put(`bad-${String(i).padStart(2, '0')}.csv`, 'timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,many\n');
  await p.put(`bad-${long}.csv`, 'timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,many\n');
  await p.until((s) => s.waiting === 63);
  await p.run('processor');
  await p.until((s) => s.completed === 2 && s.failed === 61);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await p?.stop();
});

async function login(page) {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a long name pushes nothing out of sight', async () => {
  for (const options of [{ viewport: { width: 1440, height: 900 } }, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }]) {
    const { context, page } = await openPage(browser, p, options);
    const name = encodeURIComponent(long);
    for (const address of ['', 'files/raw/', 'files/processed/', 'failed', `files/raw/${name}.csv`, `files/processed/${name}_aggregated_sales.csv`]) {
      await page.goto(p.url + address);
      const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.brief')].map((e) => e.closest('.scroll') ?? e).map((e) => e.scrollWidth - e.clientWidth));
      assert.ok(Math.max(...wide) <= 0, `${address} at ${options.viewport.width}: ${wide}`);
    }
    await context.close();
  }
});

test('the buttons for chosen files are in sight', async () => {
  const { context, page } = await openPage(browser, p, { viewport: { width: 1440, height: 500 } });
  await page.goto(`${p.url}files/raw/`);
  const inSight = (name) => page.getByRole('button', { name }).evaluate((e) => { const { top, bottom } = e.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; });
  assert.ok(await inSight('Download chosen as zip'));
  await page.goto(`${p.url}failed`);
  await page.evaluate(() => scrollTo(0, 3000));
  assert.ok(await inSight('Retry chosen'));
  await context.close();
});

for (const js of [true, false]) {
  test(`a login keeps what was chosen, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await openPage(browser, p, { javaScriptEnabled: js });
    await page.goto(`${p.url}failed?offset=50&limit=50`);
    const chosen = page.locator('.letter input').nth(5);
    const name = await chosen.inputValue();
    await chosen.check();
    await page.getByRole('button', { name: 'Retry chosen' }).click();
    await login(page);
    await page.getByRole('heading', { name: 'Failed' }).waitFor();
    assert.match(page.url(), /offset=50/);
    assert.deepEqual(await page.locator('.letter input:checked').evaluateAll((boxes) => boxes.map((b) => b.value)), [name]);
    await page.getByRole('button', { name: 'Retry chosen' }).click();
    await page.getByText('1 file will be tried again.').waitFor();
    await p.run('processor');
    await page.goto(`${p.url}files/raw/${name}`);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('1 file will be tried again.').waitFor();
    assert.equal(page.url().split('?')[0], `${p.url}files/raw/${name}`); // the script removes what was said
    await p.run('processor');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('an upload asks before it replaces, and says what becomes of the file', async () => {
  const { context, page } = await openPage(browser, p);
  await page.goto(`${p.url}login?next=upload`);
  await login(page);
  await page.waitForURL(`${p.url}upload`);
  // Large enough that the answer comes before the end of the file.
  const large = path.join(p.folder, '20220102.csv');
  await writeFile(large, row + '2022-01-01T00:00:00Z,2,7\n'.repeat(400_000));
  await page.getByLabel('Choose files').setInputFiles(large);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('a file of this name exists').waitFor();
  assert.equal(await readFile(path.join(p.data, 'raw', '20220102.csv'), 'utf8'), row);
  await page.getByRole('button', { name: 'Replace 20220102.csv' }).click();
  await page.locator('.uploads .state', { hasText: 'queued' }).waitFor();
  await p.run('processor');
  await page.locator('.uploads').getByRole('link', { name: 'done' }).click();
  await page.getByRole('heading', { name: '20220102_aggregated_sales.csv' }).waitFor();
  await page.getByRole('cell', { name: '2800000' }).waitFor();
  await context.close();
});
