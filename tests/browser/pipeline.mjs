// A real pipeline for the browser: redis-server, generator, processor and inspector
// as processes, on files in a temporary folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin');

export const token = 'a-token-for-the-browser-tests';

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// start spawns a process and resolves when its output has the given text.
function start(command, args, env, ready) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (data) => { said += data; if (ready && said.includes(ready)) resolve(child); };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 && !ready ? resolve(child) : reject(new Error(`${command} ended with ${code}:\n${said}`))));
  });
}

export class Pipeline {
  static async start(flags = []) {
    const p = new Pipeline();
    p.folder = await mkdtemp(path.join(os.tmpdir(), 'csv-pipeline-'));
    p.data = path.join(p.folder, 'data');
    await mkdir(path.join(p.data, 'raw'), { recursive: true });
    await writeFile(path.join(p.folder, 'token'), token);
    p.redisPort = await freePort();
    const port = await freePort();
    p.env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(p.redisPort), STORE_URL: `file://${p.data}`, LISTEN: `127.0.0.1:${port}`, AUTH_TOKEN_FILE: path.join(p.folder, 'token') };
    p.redis = await start('redis-server', ['--port', String(p.redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', p.folder], {}, 'Ready to accept connections');
    p.inspector = await start(path.join(bin, 'inspector'), flags, p.env, '"serving"');
    p.url = `http://127.0.0.1:${port}/`;
    return p;
  }

  run(service, ...args) { return start(path.join(bin, service), args, this.env); }

  // put adds a raw file that has been still for a while, so that the sweep takes it at once.
  async put(name, text) {
    const file = path.join(this.data, 'raw', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    const then = new Date(Date.now() - 3_600_000);
    await utimes(file, then, then);
  }

  async redisCommand(...args) {
    const socket = net.connect(this.redisPort, '127.0.0.1');
    socket.write(`*${args.length}\r\n${args.map((a) => `$${Buffer.byteLength(a)}\r\n${a}\r\n`).join('')}`);
    const [data] = await once(socket, 'data');
    socket.destroy();
    return String(data);
  }

  async api(where, options) {
    const answer = await fetch(new URL(`api/v1/${where}`, this.url), options);
    return answer.json();
  }

  // until asks the API again with every event until the condition holds.
  async until(condition) {
    const abort = new AbortController();
    const events = await fetch(new URL('api/v1/status/events', this.url), { signal: abort.signal });
    const decoder = new TextDecoder();
    try {
      for (let status = await this.api('status'); !condition(status); status = await this.api('status')) {
        const { value, done } = await this.next(events);
        if (done) throw new Error(`the events ended: ${decoder.decode(value)}`);
      }
    } finally { abort.abort(); }
  }

  async next(events) {
    this.reader = this.readerOf === events ? this.reader : events.body.getReader();
    this.readerOf = events;
    return this.reader.read();
  }

  async stop() {
    for (const child of [this.inspector, this.redis]) {
      if (!child || child.exitCode !== null) continue;
      child.removeAllListeners('exit');
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

// demo fills a pipeline with the demonstration and with files that fail.
export async function demo(p) {
  await p.run('generator');
  await p.put('broken/20220701.csv', 'timestamp,item_id,quantity\n2022-07-01T00:00:00Z,1,4\n2022-07-01T00:10:00Z,2,seven\n2022-07-01T00:20:00Z,3,9\n');
  await p.put('broken/20220702.csv', 'timestamp,item_id,amount\n2022-07-02T00:00:00Z,1,4\n');
  await p.put('broken/<img src=x onerror=alert(1)>.csv', 'item_id,quantity\n1\n');
  await p.put('broken/\u202egnp.exe.csv', 'timestamp,item_id,quantity\n');
  await p.redisCommand('LPUSH', 'csvs-to-process', '../../etc/passwd', 'missing.csv', 'broken/20220701.csv', 'broken/20220702.csv', 'broken/<img src=x onerror=alert(1)>.csv', 'broken/\u202egnp.exe.csv');
  await p.run('processor');
  await p.until((s) => s.completed === 182 && s.failed === 5);
}
