// Many tabs of one browser, which opens at most six connections to the inspector.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { launch, openPage } from './chromium.mjs';
import { Pipeline } from './pipeline.mjs';

let p;
let browser;
let proxy; // between the browser and the inspector, to see the connections
let streams = 0; // that are open
const changes = new EventEmitter();

before(async () => {
  p = await Pipeline.start();
  const inspector = new URL(p.url);
  proxy = http.createServer((request, answer) => {
    const passed = http.request({ host: inspector.hostname, port: inspector.port, path: request.url, method: request.method, headers: request.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    request.pipe(passed);
    if (request.url === '/live') {
      streams++;
      changes.emit('change');
      answer.on('close', () => { passed.destroy(); streams--; changes.emit('change'); });
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  browser = await launch();
});
after(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await p?.stop();
});

const until = async (condition) => { while (!condition()) await once(changes, 'change'); };

// show has a tab believe that it is seen, or not, as when a person goes to another tab.
const show = (page, state) => page.evaluate((state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, state);

for (const [count, shared] of [[10, true], [7, false]]) {
  test(`${count} tabs are live, ${shared ? 'over one connection' : 'without shared workers'}`, async () => {
    const through = { url: `http://127.0.0.1:${proxy.address().port}/` };
    const { context, page, complaints } = await openPage(browser, through);
    if (!shared) await context.addInitScript(() => { delete globalThis.SharedWorker; });
    const tabs = [page];
    while (tabs.length < count) tabs.push(await context.newPage());
    for (const [i, tab] of tabs.entries()) {
      await tab.goto(through.url);
      await tab.locator('#connection[data-state="on"]').waitFor();
      // A tab that is opened hides the one before.
      if (!shared && i < tabs.length - 1) await show(tab, 'hidden');
    }
    await until(() => streams === 1);
    const name = `2022010${shared ? 1 : 2}.csv`;
    await p.put(name, 'timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,4\n');
    await p.redisCommand('LPUSH', 'csvs-to-process', name);
    await p.run('processor');
    for (const tab of tabs) {
      await show(tab, 'visible');
      await tab.getByRole('link', { name: name.replace('.csv', '_aggregated_sales.csv') }).waitFor();
      if (!shared) await show(tab, 'hidden');
    }
    for (const tab of tabs) await show(tab, 'hidden');
    await until(() => streams === 0);
    await show(page, 'visible');
    await until(() => streams === 1);
    await page.goto(`${through.url}files/raw/`);
    await until(() => streams === 0);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
