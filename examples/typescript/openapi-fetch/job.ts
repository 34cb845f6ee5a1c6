// Loads two files, asks for the SLA, mends a rejected row and exports the visits, by openapi-fetch.
import createClient from "openapi-fetch";
import { account, asFile, customers, finished, report, services, url } from "../common.js";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: url });
client.use({
  onResponse: async ({ response }) => {
    if (!response.ok) throw new Error(await response.text());
  },
});

const asForm = (body: { file: File }) => {
  const form = new FormData();
  form.set("file", body.file);
  return form;
};
const watch = (id: number) =>
  finished(id, async (load_id) => (await client.GET("/v1/loads/{load_id}", { params: { path: { load_id } } })).data!);

const { data: session } = await client.POST("/v1/auth/login", { body: account });
client.use({
  onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${session!.access_token}`),
});

const first = await client.POST("/v1/customers/batch", {
  body: { file: await asFile(customers) },
  bodySerializer: asForm,
});
await watch(first.data!.load.id);
const second = await client.POST("/v1/services/batch", {
  body: { file: await asFile(services) },
  bodySerializer: asForm,
});
const { id } = await watch(second.data!.load.id);
const sla = await client.GET("/v1/indicators/sla/polo");

const rejects = await client.GET("/v1/loads/{load_id}/rejects", {
  params: { path: { load_id: id }, query: { reason: "unknown_customer", limit: 1 } },
});
const known = await client.GET("/v1/customers", { params: { query: { limit: 1 } } });
const edits = { [rejects.data!.rejects[0].line]: { id_cliente: known.data!.clientes[0].id } };
const mend = await client.POST("/v1/loads/{load_id}/mend", { params: { path: { load_id: id } }, body: { edits } });
const mended = await watch(mend.data!.load!.id);

const file = await client.GET("/v1/services", { params: { query: { format: "csv" } }, parseAs: "text" });
await report(sla.data!.sla_polo, mended.rows_inserted, String(file.data));
