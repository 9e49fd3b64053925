// What people do on the pages of failed files, the overview and the upload, in a real Chromium.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { demo, Pipeline, token } from './pipeline.mjs';

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

async function login(page, next = 'failed') {
  await page.goto(`${p.url}login?next=${next}`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(p.url + next);
}

const bad = (i) => `timestamp,item_id,quantity\n2022-07-01T00:00:00Z,1,4\n2022-07-01T00:10:00Z,2,se${i}ven\n`;

for (const viewport of [{ width: 1280, height: 900 }, { width: 320, height: 700 }]) {
  test(`live updates move nothing, ${viewport.width} pixels wide`, async () => {
    const { context, page, complaints } = await openPage(browser, p, { viewport });
    await page.goto(p.url);
    await page.locator('#connection[data-state="on"]').waitFor();
    await page.locator('.chart canvas').waitFor();
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    await page.evaluate(() => {
      globalThis.shifts = [];
      new PerformanceObserver((list) => list.getEntries().forEach((e) => globalThis.shifts.push([e.value, ...e.sources.map((s) => s.node?.outerHTML?.slice(0, 200))]))).observe({ type: 'layout-shift' });
    });
    // A file waits, one fails, all is done: the numbers, the table of problems and the menu change.
    const name = `moves${viewport.width}.csv`;
    await p.put(name, bad(viewport.width));
    await p.redisCommand('LPUSH', 'csvs-to-process', name);
    await page.locator('.tiles dd').first().filter({ hasText: /^1$/ }).waitFor();
    await p.run('processor');
    await page.locator('#part-problems', { hasText: name }).waitFor();
    await page.locator('.headline', { hasText: 'All caught up.' }).waitFor();
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    assert.deepEqual(await page.evaluate(() => globalThis.shifts), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

for (const js of [true, false]) {
  test(`a group of failed files is retried, and one replaced in place, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await openPage(browser, p, { javaScriptEnabled: js });
    page.on('dialog', (d) => d.accept());
    const folder = js ? 'with' : 'without';
    const names = [1, 2, 3].map((i) => `${folder}/${i}.csv`);
    for (const [i, name] of names.entries()) await p.put(name, bad(i));
    await p.redisCommand('LPUSH', 'csvs-to-process', ...names);
    await p.run('processor');
    await login(page);
    await page.getByLabel('Name or reason contains').fill(`${folder}/`);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.locator('.groups tbody tr').first().waitFor();
    assert.equal(await page.locator('.groups tbody tr').count(), 1);
    assert.equal(await page.locator('.letters .card').count(), 3);
    await page.getByRole('link', { name: 'quantity: … is not a number' }).click();
    await page.locator('.groupreason').waitFor();
    assert.equal(await page.locator('.letters .card').count(), 3);
    // Replaced where it is shown, by a file of another name.
    const corrected = path.join(p.folder, 'corrected.csv');
    await writeFile(corrected, bad(1).replace('se1ven', '7'));
    const card = page.locator('.letters .card', { hasText: `${folder}/2.csv` }).first();
    await card.getByText('Replace it').click();
    await card.getByLabel('A file in place of').setInputFiles(corrected);
    await card.getByRole('button', { name: 'Replace' }).click();
    await page.getByText('1 file uploaded and queued.').waitFor();
    await p.run('processor');
    const result = await fetch(`${p.url}files/processed/${folder}/2_aggregated_sales.csv`);
    assert.match(await result.text(), /2,7/);
    // The other two by one button.
    await page.goto(`${p.url}failed?q=${folder}%2F`);
    await page.getByRole('button', { name: /^Retry 2 files: quantity/ }).click();
    await page.getByText('2 files will be tried again.').waitFor();
    await p.run('processor');
    await page.goto(`${p.url}failed?q=${folder}%2F`);
    await page.getByText('1 error').first().waitFor();
    await page.getByRole('button', { name: /^Drop 2 files: quantity/ }).click();
    if (!js) await page.getByRole('button', { name: 'Delete' }).click(); // the script asks by itself
    await page.getByText('2 files dropped.').waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

const good = (n) => `timestamp,item_id,quantity\n2022-07-01T00:00:00Z,1,${n}\n`;

test('files are tried, uploaded, and their results appear in place', async () => {
  const { context, page, complaints } = await openPage(browser, p);
  const [one, two] = ['place1.csv', 'place2.csv'].map((name) => path.join(p.folder, name));
  await writeFile(one, good(41));
  await writeFile(two, bad(7));
  await login(page, 'upload');
  await page.getByLabel('Choose files').setInputFiles([one, two]);
  await page.getByRole('button', { name: 'What would the result be?' }).click();
  await page.locator('.uploads > li', { hasText: 'place2.csv' }).getByText('tried, not stored').waitFor();
  const first = page.locator('.uploads > li', { hasText: 'place1.csv' }).first();
  assert.equal(await first.locator('.trial table.rows td').nth(1).innerText(), '41');
  assert.match(await page.locator('.uploads > li', { hasText: 'place2.csv' }).innerText(), /is not a number|no number/);
  assert.equal((await fetch(`${p.url}files/raw/place1.csv`)).status, 404);
  await page.getByLabel('Choose files').setInputFiles(one);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('1 of 1 file uploaded.').waitFor();
  await p.run('processor');
  await page.locator('.inplace table.rows td', { hasText: '41' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('an upload takes the place of what was tried, and so does another try', async () => {
  const { context, page, complaints } = await openPage(browser, p);
  const files = ['again1.csv', 'again2.csv', 'again3.csv'].map((name) => path.join(p.folder, name));
  for (const [i, file] of files.entries()) await writeFile(file, good(51 + i));
  await login(page, 'upload');
  const rows = page.locator('.uploads > li');
  const names = () => rows.evaluateAll((all) => all.map((row) => row.firstChild.textContent.split(' ')[0]));
  const tryThem = async (some) => {
    await page.getByLabel('Choose files').setInputFiles(some);
    await page.getByRole('button', { name: 'What would the result be?' }).click();
    await rows.getByText('tried, not stored').nth(some.length - 1).waitFor();
  };
  const uploadThem = async (sum) => {
    await page.getByRole('button', { name: 'Upload', exact: true }).click();
    await page.getByText(sum).waitFor();
  };
  await tryThem(files.slice(0, 2));
  await tryThem(files);
  assert.deepEqual(await names(), ['again1.csv', 'again2.csv', 'again3.csv']);
  // What was tried and is not uploaded stays.
  await page.getByLabel('Choose files').setInputFiles(files[1]);
  await uploadThem('1 of 1 file uploaded.');
  assert.deepEqual(await names(), ['again1.csv', 'again2.csv', 'again3.csv']);
  assert.deepEqual(await rows.locator('.trial').count(), 2);
  await tryThem(files.slice(0, 1));
  assert.deepEqual(await names(), ['again2.csv', 'again1.csv']);
  await uploadThem('2 of 2 files uploaded.');
  assert.deepEqual(await names(), ['again2.csv', 'again1.csv']);
  assert.equal(await page.getByText('tried, not stored').count(), 0);
  await p.run('processor');
  await rows.filter({ hasText: 'again1.csv' }).getByRole('link', { name: 'done' }).waitFor();
  await rows.filter({ hasText: 'again2.csv' }).getByRole('link', { name: 'done' }).waitFor();
  // So is one that was refused when it is sent again.
  await page.getByLabel('Choose files').setInputFiles(files.slice(0, 1));
  await uploadThem('2 of 3 files uploaded, 1 not.');
  assert.deepEqual(await names(), ['again2.csv', 'again1.csv', 'again1.csv']);
  await page.getByLabel('Replace files of the same name').check();
  await uploadThem('3 of 3 files uploaded.');
  assert.deepEqual(await names(), ['again2.csv', 'again1.csv', 'again1.csv']);
  assert.deepEqual(complaints.filter((text) => !text.includes('412')), []);
  await context.close();
});

test('a login beside the page keeps the files that are to be uploaded', async () => {
  const { context, page } = await openPage(browser, p);
  const file = path.join(p.folder, 'beside.csv');
  await writeFile(file, good(61));
  await page.goto(`${p.url}upload`);
  await page.getByText('before you choose files to upload').waitFor();
  await page.getByLabel('Choose files').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const opened = context.waitForEvent('page');
  await page.locator('.uploads').getByRole('link', { name: 'log in first' }).click();
  const beside = await opened;
  await beside.getByLabel('Token').fill(token);
  await beside.getByRole('button', { name: 'Log in' }).click();
  await beside.waitForURL(`${p.url}upload`);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('1 of 1 file uploaded.').waitFor();
  assert.equal(await page.locator('.uploads > li').count(), 1);
  assert.equal(await (await fetch(`${p.url}files/raw/beside.csv`)).text(), good(61));
  await context.close();
});

test('a folder is uploaded with the paths in it', async () => {
  const { context, page, complaints } = await openPage(browser, p);
  const folder = path.join(p.folder, 'chosen');
  await mkdir(path.join(folder, 'a'), { recursive: true });
  for (let i = 0; i < 7; i++) await writeFile(path.join(folder, 'a', `${i}.csv`), good(i));
  await writeFile(path.join(folder, 'notes.pdf'), 'no CSV');
  await writeFile(path.join(folder, '.hidden.csv'), 'hidden');
  await login(page, 'upload');
  await page.locator('[data-folder] input').setInputFiles(folder);
  await page.getByText('7 of 7 files uploaded; 1 left out, since their names are not of CSV files.').waitFor();
  assert.equal(await (await fetch(`${p.url}files/raw/chosen/a/3.csv`)).text(), good(3));
  // Dropped: the browser gives entries, of which a test can make only files.
  const data = await page.evaluateHandle((text) => { const d = new DataTransfer(); d.items.add(new File([text], 'dropped.csv')); return d; }, good(5));
  await page.dispatchEvent('form.upload', 'drop', { dataTransfer: data });
  await page.getByText('8 of 8 files uploaded').waitFor();
  assert.equal(await (await fetch(`${p.url}files/raw/dropped.csv`)).text(), good(5));
  await p.run('processor');
  await page.locator('.uploads > li', { hasText: 'a/3.csv' }).getByRole('link', { name: 'done' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a file is tried without JavaScript', async () => {
  const { context, page } = await openPage(browser, p, { javaScriptEnabled: false });
  const file = path.join(p.folder, 'plain.csv');
  await writeFile(file, good(43));
  await page.goto(`${p.url}upload`);
  await page.getByText(`-T 20220101.csv '${p.url}files/raw/'`).waitFor(); // as it can be pasted
  await page.getByLabel('Choose files').setInputFiles(file);
  await page.getByRole('button', { name: 'What would the result be?' }).click();
  await page.getByText('Nothing was stored.').waitFor();
  assert.equal(await page.locator('.trial table.rows td').nth(1).innerText(), '43');
  assert.equal((await fetch(`${p.url}files/raw/plain.csv`)).status, 404);
  await context.close();
});
