SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  // What a newcomer does first stands first.
  operationsSorter: (a, b) => b.get("method").localeCompare(a.get("method")),
  tryItOutEnabled: true,
});
