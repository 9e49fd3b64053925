// The upload page: files and folders that are dropped or chosen are sent some at a time, and each
// says what becomes of it. Without this file the form works for files that are chosen.
'use strict';

const escaped = (name) => name.split('/').map(encodeURIComponent).join('/');

const element = (tag, values, ...parts) => {
  const e = Object.assign(document.createElement(tag), values);
  e.append(...parts);
  return e;
};

// followed says of stored files what becomes of them, with every event of the pipeline.
function followed(form) {
  const words = { waiting: 'queued', 'in-flight': 'in flight', retrying: 'will be tried again', failed: 'failed', done: 'done' };
  const waiting = new Map(); // by name; those that are not done
  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    for (const [name, show] of [...waiting].slice(0, 20)) {
      try {
        const answer = await fetch(form.dataset.states + escaped(name));
        if (!answer.ok) { waiting.delete(name); continue; } // it was removed
        const { state, reason, result } = await answer.json();
        if (state === 'done' || state === 'failed') waiting.delete(name);
        show(words[state] + (reason ? `: ${reason}` : ''), state, result && form.dataset.results + escaped(result));
      } catch { break; } // the connection is lost; the next event is after it
    }
    asking = false;
  };
  let following = false;
  return (name, show) => {
    waiting.set(name, show);
    if (!following) live((state, event) => { if (event) { menuCounts(event); ask(); } });
    following = true;
  };
}

// page asks for a page, and returns it as a document, or why there is none.
async function page(address, options) {
  const answer = await fetch(address, { headers: { Accept: 'text/html' }, ...options });
  const made = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!answer.ok) throw new Error(made.querySelector('main p')?.textContent ?? answer.statusText);
  return made;
}

// resultOf shows the rows of a result when it is opened.
function resultOf(address, open) {
  const details = element('details', { className: 'inplace' }, element('summary', { textContent: 'The result' }));
  details.addEventListener('toggle', async () => {
    try {
      const table = (await page(address)).querySelector('.scroll.tall');
      for (const link of table.querySelectorAll('a')) link.replaceWith(...link.childNodes); // they lead to that page
      details.append(table);
    } catch (error) { details.append(element('p', { className: 'why', textContent: String(error.message) })); }
  }, { once: true });
  details.open = open;
  return details;
}

// inFolder are the files of what was dropped, each with its path.
async function inFolder(entry) {
  if (entry.name.startsWith('.')) return []; // hidden, and not looked at in raw/ either
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), name: entry.fullPath.slice(1) }];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a browser gives about a hundred at a time
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) break;
    found.push(...some);
  }
  const inside = [];
  for (const each of found) inside.push(...await inFolder(each));
  return inside;
}

const tried = 1 << 20; // bytes of a large file that are tried

function upload(form) {
  const input = form.querySelector('input[name="file"]');
  const list = form.querySelector('.uploads');
  const summary = form.querySelector('[data-summary]');
  const replaces = form.querySelector('[name="replace"]');
  const endings = input.accept.split(',').filter((e) => e.startsWith('.'));
  const follow = followed(form);
  form.querySelector('[data-drop-hint]').hidden = false;
  const counts = { all: 0, sent: 0, not: 0, left: 0 };
  const sum = () => {
    summary.textContent = `${counts.sent} of ${counts.all} ${counts.all === 1 ? 'file' : 'files'} uploaded`
      + (counts.not ? `, ${counts.not} not` : '') + (counts.left ? `; ${counts.left} left out, since their names are not of CSV files` : '') + '.';
  };
  // Rows of files that are not stored, by name: those of the last dry run, and of files that were sent in vain.
  const tries = new Map();
  const refused = new Map();
  // add makes the row of a file, in place of earlier ones of it.
  const add = (name, ...earlier) => {
    const link = element('span', { textContent: name });
    const state = element('span');
    const item = element('li', {}, link, state);
    list.append(item);
    for (const rows of earlier) {
      rows.get(name)?.item.replaceWith(item);
      rows.delete(name);
    }
    return { item, link, state };
  };
  const say = ({ state }, text, kind) => { state.textContent = text; state.className = kind && kind !== 'why' ? `state ${kind}` : kind; };
  const stored = (name, row, text, { dataset }) => {
    counts.sent += 1;
    sum();
    say(row, text, 'waiting');
    row.link.replaceChildren(element('a', { href: form.dataset.target + escaped(name), textContent: name }));
    if (dataset) row.link.append(element('span', { className: 'muted', textContent: ` dataset ${dataset}` }));
    follow(name, (text, kind, result) => {
      say(row, text, kind);
      if (!result) return;
      row.state.replaceChildren(element('a', { href: result, textContent: text }));
      row.item.querySelector('details')?.remove();
      row.item.append(resultOf(result, counts.all === 1));
    });
  };
  const ask = (file, name, row) => {
    say(row, 'a file of this name exists ', 'why');
    const button = element('button', { type: 'button', className: 'quiet', textContent: 'Replace it' });
    button.setAttribute('aria-label', `Replace ${name}`);
    button.addEventListener('click', () => { counts.not -= 1; send(file, name, row, true); });
    row.state.append(button);
  };
  // The login is beside this page, which would forget the chosen files.
  const logIn = (row) => {
    say(row, '', 'why');
    row.state.append(element('a', { href: form.dataset.login, target: '_blank', textContent: 'log in first' }), ' (in a tab of its own), and upload again');
  };
  // Leaving the page cuts off what is under way, so the browser asks before.
  let underWay = 0;
  const asks = (event) => { event.preventDefault(); event.returnValue = true; };
  const sending = async (sent) => {
    underWay += 1;
    addEventListener('beforeunload', asks);
    await sent;
    underWay -= 1;
    if (underWay === 0) removeEventListener('beforeunload', asks);
  };
  const send = (file, name, row, replace) => sending(new Promise((resolve) => {
    const bar = element('progress', { max: Math.max(1, file.size), value: 0 });
    bar.setAttribute('aria-label', name);
    row.item.append(bar);
    const end = (then, ...rest) => { bar.remove(); then(...rest); resolve(); };
    const not = (then, ...rest) => { counts.not += 1; refused.set(name, row); sum(); end(then, ...rest); };
    const fail = (why) => not(say, row, why, 'why');
    say(row, '', '');
    refused.delete(name);
    if (file.size > Number(form.dataset.max)) { fail('too large'); return; }
    const request = new XMLHttpRequest(); // fetch cannot tell how far an upload is
    request.open('PUT', form.dataset.target + escaped(name));
    request.setRequestHeader('Content-Type', 'text/csv');
    if (!replace) request.setRequestHeader('If-None-Match', '*');
    request.upload.onprogress = (event) => { bar.value = event.loaded; row.state.textContent = `${Math.round((100 * event.loaded) / Math.max(1, event.total))} %`; };
    request.onload = () => {
      if (request.status < 300) {
        const answer = JSON.parse(request.responseText);
        end(stored, name, row, (request.status === 201 ? '' : 'replaced and ') + (answer.queued ? 'queued' : 'stored, queued later'), answer);
        return;
      }
      if (request.status === 412) { not(ask, file, name, row); return; }
      if (request.status === 401) { not(logIn, row); return; }
      let why = request.statusText;
      try { why = JSON.parse(request.responseText).detail; } catch { /* not from us */ }
      fail(why);
    };
    // An answer before the end of a file may be lost with the connection.
    request.onerror = async () => {
      const there = !replace && await fetch(form.dataset.target + escaped(name), { method: 'HEAD' }).catch(() => null);
      if (there?.ok) not(ask, file, name, row);
      else fail('the connection was lost');
    };
    request.send(file);
  }));
  // sendAll says whether any file was stored. Of files in folders, those that are not CSV are left out: nobody
  // chose them one by one.
  const sendAll = async (files) => {
    const named = files.map((f) => (f instanceof File ? { file: f, name: f.name } : f));
    const fit = named.filter(({ name }) => !name.includes('/') || endings.some((e) => name.toLowerCase().endsWith(e)));
    const again = fit.filter(({ name }) => refused.has(name)).length;
    counts.left += named.length - fit.length;
    counts.all += fit.length - again;
    counts.not -= again;
    sum();
    const before = counts.sent;
    const rows = fit.map((f) => ({ ...f, row: add(f.name, tries, refused) }));
    const worker = async () => { for (let next = rows.shift(); next; next = rows.shift()) await send(next.file, next.name, next.row, replaces.checked); };
    await Promise.all([worker(), worker(), worker()]);
    return counts.sent > before;
  };
  const tryOne = async (file, row) => {
    say(row, 'trying', 'waiting');
    const body = new FormData();
    body.append('name', file.name);
    if (file.size > tried) body.append('partial', '1');
    body.append('file', file.slice(0, tried), file.name);
    try {
      const made = await page(form.dataset.preview, { method: 'POST', body });
      const trial = made.querySelector('.trial');
      trial.querySelector('h2').remove();
      say(row, 'tried, not stored', 'waiting');
      row.item.append(document.importNode(trial, true));
      row.item.querySelectorAll('.copy').forEach(copyable);
    } catch (error) { say(row, String(error.message), 'why'); }
  };
  const tryAll = async (files) => {
    for (const { item } of tries.values()) item.remove();
    tries.clear();
    const rows = files.map((file) => {
      const row = add(file.name);
      tries.set(file.name, row);
      say(row, 'to be tried', 'waiting');
      return row;
    });
    for (const [at, file] of files.entries()) {
      if (rows[at].item.isConnected) await tryOne(file, rows[at]); // or it was uploaded, or tried again
    }
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const files = [...input.files];
    if (event.submitter && 'try' in event.submitter.dataset) {
      await tryAll(files);
      return; // the files stay chosen, to be uploaded
    }
    if (await sendAll(files)) input.value = '';
  });
  const folder = form.querySelector('[data-folder]');
  folder.hidden = false;
  const folderInput = folder.querySelector('input');
  folderInput.addEventListener('change', async () => {
    await sendAll([...folderInput.files].filter((f) => !f.webkitRelativePath.split('/').some((part) => part.startsWith('.'))).map((file) => ({ file, name: file.webkitRelativePath })));
    folderInput.value = '';
  });
  for (const name of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(name, (event) => { event.preventDefault(); form.classList.toggle('over', name === 'dragover'); });
  }
  document.addEventListener('drop', async (event) => {
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean); // before the event ends
    if (entries.length === 0) { sendAll([...event.dataTransfer.files]); return; }
    const files = [];
    for (const entry of entries) files.push(...await inFolder(entry));
    sendAll(files);
  });
}

for (const form of document.querySelectorAll('[data-upload]')) upload(form);
