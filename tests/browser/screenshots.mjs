// Writes a picture of each page: light, dark and as a phone shows it.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { demo, Pipeline, token } from './pipeline.mjs';

const folder = process.argv[2] ?? 'docs/images';
const pages = {
  overview: '', raw: 'files/raw/', results: 'files/processed/', result: 'files/processed/20220101_aggregated_sales.csv', 'raw-file': 'files/raw/broken/20220701.csv',
  trends: 'trends?step=week', 'trends-bars': 'trends?step=month&kind=bars', failed: 'failed', upload: 'upload', login: 'login',
};
// Those that documentation shows.
const documented = new Set(['overview', 'raw', 'result', 'trends', 'failed']);

const p = await Pipeline.start();
await demo(p);
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const all = process.argv[3] === 'all';
for (const [kind, options] of Object.entries({
  light: { colorScheme: 'light', viewport: { width: 1200, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1200, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1 },
})) {
  const context = await browser.newContext(options);
  for (const [name, address] of Object.entries(pages)) {
    if (!all && (!documented.has(name) || (kind !== 'light' && name !== 'overview'))) continue;
    if (name === 'failed') {
      await context.request.post(`${p.url}login`, { form: { token } });
    }
    const page = await context.newPage();
    await page.goto(p.url + address);
    if (name === 'overview') await page.locator('.chart.drawn').waitFor();
    if (name.startsWith('trends')) await page.locator('#trend .u-over').hover();
    await page.screenshot({ path: path.join(folder, `${name}${kind === 'light' ? '' : `-${kind}`}.png`), fullPage: all && kind === 'phone' });
    await page.close();
  }
  await context.close();
}
await browser.close();
await p.stop();
