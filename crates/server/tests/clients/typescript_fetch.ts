// Calls the service by the client that openapi-generator makes (typescript-fetch). Prints what it saw.
import { Configuration, GroupsApi, GroupToJSON, ModelErrorFromJSON, ResponseError } from "./client/index.js";

declare const process: { argv: string[] };
const [basePath, apiKey] = process.argv.slice(2);
const api = new GroupsApi(new Configuration({ basePath, apiKey }));
const createGroup = { name: "typescript_fetch", token: "298fbgv479bv", adminId: 1 };
const keyed = { createGroup, idempotencyKey: "key-1" };

const created = await api.createGroup(keyed);
const again = await api.createGroupRaw(keyed);
const found = await api.findGroup({ id: created.id });
const name = await api.lookUpGroup({ name: createGroup.name });
const uuid = await api.lookUpGroup({ uuid: created.uuid });
const page = await api.listGroups({ limit: 1 });
const next = await api.listGroups({ limit: 1, after: created.id });
const refused = await api.createGroup({ createGroup }).then(
  () => { throw new Error("the name is not taken"); },
  async (error: unknown) => {
    if (!(error instanceof ResponseError)) throw error;
    const { code, field } = ModelErrorFromJSON(await error.response.json());
    return [error.response.status, code, field];
  },
);
console.log(JSON.stringify({
  created: GroupToJSON(created),
  replayed: GroupToJSON(await again.value()),
  is_replayed: again.raw.headers.get("idempotency-replayed"),
  found: [found, name, uuid].map(GroupToJSON),
  pages: [page.map(GroupToJSON), next.map(GroupToJSON)],
  refused,
}));
