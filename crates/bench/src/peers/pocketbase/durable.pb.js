// PocketBase sets `synchronous=NORMAL`, with which a power cut undoes the last commits. It has one connection that writes.
onBootstrap((event) => {
  event.next();
  $app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute();
});
