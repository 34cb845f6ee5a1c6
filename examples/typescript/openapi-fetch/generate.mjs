// Types of the document, where a file is a File and not its text.
import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const file = ts.factory.createTypeReferenceNode("File");
const document = new URL("/openapi.json", process.env.LOGISTICS_URL);
const types = await openapiTS(document, {
  transform: (schema) => (schema.format === "binary" ? file : undefined),
});
await writeFile(new URL("schema.ts", import.meta.url), astToString(types));
