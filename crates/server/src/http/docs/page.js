// The order of operations. POST first: creating a group is the first thing to try.
const methods = ["post", "get", "patch", "put", "delete"];
// Set by the service if it accepts the development key.
const { key } = document.getElementById("page").dataset;
const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  operationsSorter: (a, b) => methods.indexOf(a.get("method")) - methods.indexOf(b.get("method")),
  tryItOutEnabled: true,
  onComplete: () => {
    if (key) ui.preauthorizeApiKey("GoChat-Token", key);
  },
});
