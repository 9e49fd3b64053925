// A real Chromium, and pages in it.
import { chromium } from 'playwright-core';

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

// openPage makes a page that notes whatever the console complains about and any request
// that leaves the site of the pipeline; tests expect that there are no such complaints.
export async function openPage(browser, p, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(60_000); // for machines that are busy with other things
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text()); });
  page.on('pageerror', (e) => complaints.push(String(e)));
  page.on('request', (r) => { if (!/^(blob|data):/.test(r.url()) && !r.url().startsWith(p.url)) complaints.push(`a request leaves: ${r.url()}`); });
  return { context, page, complaints };
}
