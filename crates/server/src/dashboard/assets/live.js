// Reads the events of the server, while the page is visible and not paused.

const status = document.getElementById("live-status");
const pause = document.getElementById("live-pause");

/** Calls `handlers[name]` with the data of each event of this name. */
export function readEvents(handlers) {
  let source = null;
  let isPaused = false;

  function show(text) {
    // A screen reader says each change, so the text changes only if it differs.
    if (status.textContent !== text) {
      status.textContent = text;
    }
  }

  function close() {
    source?.close();
    source = null;
  }

  function open() {
    close();
    // Relative, because the path of the session is secret. The page is directly below it.
    source = new EventSource("events");
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        show("Live");
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      // A browser tries again after a lost connection, but not after a refusal.
      const isOver = source?.readyState === EventSource.CLOSED;
      show(isOver ? "The server refused the connection. Load the page again." : "The connection is lost. Trying again.");
    });
  }

  function update() {
    pause.textContent = isPaused ? "Resume" : "Pause";
    if (isPaused) {
      show("Paused");
    }
    if (isPaused || document.hidden) {
      close();
    } else {
      open();
    }
  }

  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    update();
  });
  document.addEventListener("visibilitychange", update);
  // A page in the browser's cache of pages must not keep its connection.
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && update());
  document.getElementById("live").hidden = false;
  update();
}

/** Loads the page again, and takes over the content of the elements with these ids. */
export async function refresh(...ids) {
  const reply = await fetch(location.pathname);
  if (!reply.ok) {
    return;
  }
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  for (const id of ids) {
    const content = page.getElementById(id);
    if (content) {
      document.getElementById(id).replaceChildren(...content.childNodes);
    }
  }
}
