// Set by the service if it accepts the development key.
const { key } = document.getElementById("page").dataset;
const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  // POST first: creating a group is the first thing to try.
  operationsSorter: (a, b) => b.get("method").localeCompare(a.get("method")),
  tryItOutEnabled: true,
  onComplete: () => {
    if (key) ui.preauthorizeApiKey("GoChat-Token", key);
  },
});
