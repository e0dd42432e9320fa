// The service puts the key here while it accepts the development key.
const { key } = document.getElementById("page").dataset;
const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  // What a newcomer does first stands first.
  operationsSorter: (a, b) => b.get("method").localeCompare(a.get("method")),
  tryItOutEnabled: true,
  onComplete: () => {
    if (key) ui.preauthorizeApiKey("GoChat-Token", key);
  },
});
