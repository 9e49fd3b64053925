// The events of the inspector. As a shared worker it has one connection for all tabs, since a
// browser opens only six to a server of HTTP/1.1; where a browser has no shared workers, a
// page loads it and has a connection of its own. Without a tab that is seen there is none.
'use strict';

// liveEvents tells of what happens at an address while it is open: tell gets 'on', 'lost',
// or an event's text.
function liveEvents(address, tell) {
  let source;
  let again;
  const events = {
    open() {
      clearTimeout(again);
      source = new EventSource(address);
      source.onopen = () => tell({ state: 'on' });
      source.onmessage = (message) => tell({ text: message.data });
      source.onerror = () => {
        tell({ state: 'lost' });
        // After an answer that is no stream, as when too many are open, a browser does not try again.
        if (source.readyState === EventSource.CLOSED) again = setTimeout(events.open, 10_000);
      };
    },
    close() {
      clearTimeout(again);
      source.close();
    },
  };
  return events;
}

// Each tab says by 'show' and 'hide' whether it is seen. Of one that ended without a word, as in a
// crash, the port is closed.
if ('SharedWorkerGlobalScope' in self) {
  const seen = new Set(); // ports of tabs
  let state;
  let text; // of the newest event
  const events = liveEvents(new URL('../live', location).href, (news) => {
    ({ state = state, text = text } = news);
    for (const port of seen) port.postMessage(news);
  });
  const hide = (port) => {
    if (!seen.delete(port) || seen.size > 0) return;
    events.close();
    state = text = undefined;
  };
  self.onconnect = ({ ports: [port] }) => {
    port.onclose = () => hide(port);
    port.onmessage = ({ data }) => {
      if (data === 'show' && !seen.has(port)) {
        seen.add(port);
        if (seen.size === 1) events.open();
        else if (state) port.postMessage({ state, text });
      } else if (data === 'hide') hide(port);
    };
  };
}
