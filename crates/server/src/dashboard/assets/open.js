"use strict";
// The address of the page has the secret of the link, which must not stay in the history of the browser.
history.replaceState(null, "", "/open");
