// Calls the service with openapi-fetch and the types of openapi-typescript. Prints the replies.
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

declare const process: { argv: string[] };
const [baseUrl, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { "GoChat-Token": key } });
const body = { name: "openapi_fetch", token: "298fbgv479bv", admin_id: 1 };
const header = { "Idempotency-Key": "key-1" };

type Group = components["schemas"]["Group"];

function group(reply: { data?: Group; response: Response }): Group {
  if (reply.data === undefined) throw new Error(`no group: ${reply.response.status}`);
  return reply.data;
}

const created = group(await client.POST("/v1/group", { body, params: { header } }));
const again = await client.POST("/v1/group", { body, params: { header } });
const found = group(await client.GET("/v1/group/{id}", { params: { path: { id: created.id } } }));
const name = group(await client.GET("/v1/group_lookup", { params: { query: { name: body.name } } }));
const uuid = group(await client.GET("/v1/group_lookup", { params: { query: { uuid: created.uuid } } }));
const page = await client.GET("/v1/group", { params: { query: { limit: 1 } } });
const next = await client.GET("/v1/group", { params: { query: { limit: 1, after: created.id } } });
const refused = await client.POST("/v1/group", { body });
if (refused.error === undefined) throw new Error("the name is not taken");
console.log(JSON.stringify({
  created,
  replayed: group(again),
  is_replayed: again.response.headers.get("idempotency-replayed"),
  found: [found, name, uuid],
  pages: [page.data, next.data],
  refused: [refused.response.status, refused.error.code, refused.error.field],
}));
