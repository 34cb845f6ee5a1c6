// Loads two files, asks for the SLA, mends a rejected row and exports the visits, by orval's functions.
import { account, asFile, customers, finished, report, services } from "../common.js";
import * as api from "./api.js";
import { session } from "./ask.js";

/** The body of the answer with this status; every other answer was thrown already. */
function body<Answer extends { status: number; data: unknown }, Status extends Answer["status"]>(
  answer: Answer,
  status: Status,
): Extract<Answer, { status: Status }>["data"] {
  if (answer.status !== status) throw new Error(`The service answered ${answer.status}`);
  return answer.data;
}

const watch = (id: number) => finished(id, async (load) => body(await api.getLoad(load), 200));

session.token = body(await api.login(account), 200).access_token;

const first = body(await api.loadCustomers({ file: await asFile(customers) }), 202);
await watch(first.load.id);
const second = body(await api.loadServices({ file: await asFile(services) }), 202);
const { id } = await watch(second.load.id);
const sla = body(await api.slaByPolo(), 200);

const [reject] = body(await api.listRejects(id, { reason: "unknown_customer", limit: 1 }), 200).rejects;
const [customer] = body(await api.listCustomers({ limit: 1 }), 200).clientes;
const mend = body(await api.mendLoad(id, { edits: { [reject.line]: { id_cliente: customer.id } } }), 202);
const mended = await watch(mend.load!.id);

const file = await api.listServices({ format: "csv" });
await report(sla.sla_polo, mended.rows_inserted, String(file.data));
