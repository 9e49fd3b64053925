// Records the moving picture of the README: a file is sent, a processor takes it, its result appears.
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { demo, Pipeline, token } from './pipeline.mjs';

const file = path.join(process.argv[2] ?? 'docs/images', 'demo.gif');

// sales is a file of so many rows, which a processor has to unpack: that takes long enough to be seen.
function sales(rows) {
  const lines = Array.from({ length: 200_000 }, (_, i) => `2026-11-26T${String(i % 24).padStart(2, '0')}:00:00Z,${1 + (i * 7) % 5},${1 + (i * 13) % 10}\n`);
  const text = Buffer.from(lines.join(''));
  const repeated = Buffer.concat([Buffer.from('timestamp,item_id,quantity\n'), ...Array(rows / lines.length).fill(text)]);
  return spawnSync('xz', ['-0', '--stdout'], { input: repeated, maxBuffer: 1 << 30 }).stdout;
}

const p = await Pipeline.start();
await demo(p);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1000, height: 760 } });
await context.request.post(`${p.url}login`, { form: { token } });
const page = await context.newPage();

const frames = [];
// show adds the page as it is now, for so many seconds.
async function show(seconds) { frames.push({ png: await page.screenshot(), delay: seconds * 1000 }); }

const upload = path.join(p.folder, '20261126.csv.xz');
await writeFile(upload, sales(20_000_000));
await page.goto(p.url);
await page.locator('.chart.drawn').waitFor();
await show(1.2);
await page.goto(`${p.url}upload`);
await page.getByLabel('Choose files').setInputFiles(upload);
await show(1.2);
await page.getByRole('button', { name: 'Upload' }).click();
await page.getByText('queued', { exact: true }).waitFor();
await show(1.2);
await page.goto(p.url);
await page.locator('.chart.drawn').waitFor();
await show(1.2);
let working = true;
const processor = p.run('processor').finally(() => { working = false; });
const before = frames.length;
while (working) await show(0);
await processor;
await p.until((s) => s.completed === 183);
// What there is to be seen of the work lasts two seconds, however long it took.
const work = frames.splice(before).filter((frame, i, all) => i % Math.ceil(all.length / 10) === 0);
frames.push(...work.map((frame, _, all) => ({ ...frame, delay: 2000 / all.length })));
await page.reload();
await page.locator('.chart.drawn').waitFor();
await show(1.2);
await page.goto(`${p.url}files/processed/20261126.csv.xz_aggregated_sales.csv`);
await show(2.5);
await browser.close();
await p.stop();

await mkdir(path.dirname(file), { recursive: true });
const { size } = await sharp(frames.map((frame) => frame.png), { join: { animated: true } })
  .gif({ delay: frames.map((frame) => Math.round(frame.delay)), loop: 0, effort: 10, interFrameMaxError: 4 }).toFile(file);
console.log(`${file}: ${frames.length} pictures, ${(size / 1e6).toFixed(2)} MB`);
if (size > 2e6) throw new Error('it is larger than 2 MB');
