import { Ajv, type ValidateFunction } from "ajv";
import { buildOpenApi } from "../../../src/runtime/openapi.ts";
import type { Registry } from "../../../src/runtime/registry.ts";

/** The API document as a judge of what is really sent and answered. */
export interface Documented {
  /** Whether the document allows these arguments, as JSON. */
  allowsArguments(name: string, args: unknown): boolean;
  /** What is wrong with an answer of `/api/run` to this function; undefined = it is as documented. */
  faultOf(name: string, body: unknown): string | undefined;
  /** HTTP statuses the function's answers may have. */
  statusesOf(name: string): string[];
}

export function documented(registry: Registry): Documented {
  const document = buildOpenApi(registry, "http://connvo.test");
  // Formats of OpenAPI (int64, binary) say nothing about JSON.
  const ajv = new Ajv({ strict: true, strictTypes: false, validateFormats: false });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ components: document.components }, "document");
  const schemaOf = (kind: "Request" | "Response", name: string): ValidateFunction => {
    const component = `${kind}_${name.replace(":", "/").replaceAll("/", ".")}`;
    const found = ajv.getSchema(`document#/components/schemas/${component}`);
    if (found === undefined) throw new Error(`the document has no ${component}`);
    return found;
  };
  return {
    allowsArguments: (name, args) => schemaOf("Request", name)({ args }) === true,
    faultOf: (name, body) => {
      const validate = schemaOf("Response", name);
      return validate(body) ? undefined : ajv.errorsText(validate.errors);
    },
    statusesOf: (name) =>
      Object.keys(document.paths[`/api/run/${name.replace(":", "/")}`]?.post.responses ?? {}),
  };
}
