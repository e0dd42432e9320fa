// Shows refused requests as they come.
import { readEvents, refresh } from "/assets/live.js";

let isLoading = false;
let isStale = false;

async function load() {
  isStale = true;
  if (isLoading) {
    return;
  }
  isLoading = true;
  try {
    while (isStale) {
      isStale = false;
      await refresh("refusals");
    }
  } catch {
    // The server does not answer. The next event comes once it does.
  } finally {
    isLoading = false;
  }
}

readEvents({
  past: load,
  sample: ({ sample }) => sample.refused && load(),
});
