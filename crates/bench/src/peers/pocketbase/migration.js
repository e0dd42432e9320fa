// The collection `groups`, requests in bulk, and an API key in the file `key`: the token of a superuser, which cannot be
// renewed. Only superusers may use the collection, as it has no API rules.
migrate((app) => {
  app.save(new Collection({
    type: "base",
    name: "groups",
    fields: [
      { name: "uuid", type: "text", autogeneratePattern: "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" },
      { name: "name", type: "text", required: true, min: 1, max: 63 },
      { name: "token", type: "text", required: true, min: 1, max: 63 },
      { name: "admin_id", type: "number", required: true, onlyInt: true, min: 1 },
      { name: "created_at", type: "autodate", onCreate: true },
    ],
    indexes: [
      "CREATE UNIQUE INDEX groups_uuid ON groups (uuid)",
      "CREATE UNIQUE INDEX groups_name ON groups (name)",
      "CREATE INDEX groups_admin_id ON groups (admin_id, id)",
    ],
  }));

  const settings = app.settings();
  settings.batch.enabled = true;
  settings.batch.maxRequests = 1000;
  settings.batch.timeout = 60;
  app.save(settings);

  const caller = new Record(app.findCollectionByNameOrId("_superusers"));
  caller.set("email", "benchmark@example.com");
  caller.set("password", $security.randomString(30));
  app.save(caller);
  const day = 24 * 3600 * 1e9;
  $os.writeFile("key", caller.newStaticAuthToken(day), 0o600);
});
