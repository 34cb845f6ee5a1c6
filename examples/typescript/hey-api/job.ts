// Loads two files, asks for the SLA, mends a rejected row and exports the visits, by hey-api's functions.
import { account, asFile, customers, finished, report, services, url } from "../common.js";
import { client } from "./client/client.gen.js";
import * as api from "./client/index.js";

client.setConfig({ baseUrl: url, throwOnError: true });
const throwOnError = true;
const watch = (id: number) =>
  finished(id, async (load_id) => (await api.getLoad({ path: { load_id }, throwOnError })).data);

const session = await api.login({ body: account, throwOnError });
client.setConfig({ auth: session.data.access_token });

const first = await api.loadCustomers({ body: { file: await asFile(customers) }, throwOnError });
await watch(first.data.load.id);
const second = await api.loadServices({ body: { file: await asFile(services) }, throwOnError });
const { id } = await watch(second.data.load.id);
const sla = await api.slaByPolo({ throwOnError });

const asked = { reason: "unknown_customer", limit: 1 } as const;
const rejects = await api.listRejects({ path: { load_id: id }, query: asked, throwOnError });
const known = await api.listCustomers({ query: { limit: 1 }, throwOnError });
const edits = { [rejects.data.rejects[0].line]: { id_cliente: known.data.clientes[0].id } };
const mend = await api.mendLoad({ path: { load_id: id }, body: { edits }, throwOnError });
const mended = await watch(mend.data.load!.id);

const file = await api.listServices({ query: { format: "csv" }, parseAs: "text", throwOnError });
await report(sla.data.sla_polo, mended.rows_inserted, String(file.data));
