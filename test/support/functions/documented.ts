import { Ajv, type ValidateFunction } from "ajv";
import { buildOpenApi } from "../../../src/runtime/openapi/openapi.ts";
import type { Registry } from "../../../src/runtime/registry.ts";

/** The API document as a judge of what is really sent and answered. */
export interface Documented {
  /** Whether the document allows these arguments, as JSON. */
  allowsArguments(name: string, args: unknown): boolean;
  /** What is wrong with an answer of `/api/run` to this function; undefined = it is as documented. */
  faultOf(name: string, body: unknown): string | undefined;
  /** What is wrong with the body of any other status than 200. */
  failureFaultOf(body: unknown): string | undefined;
  /** HTTP statuses the function's answers may have. */
  statusesOf(name: string): string[];
}

export function documented(registry: Registry): Documented {
  const document = buildOpenApi(registry, "http://connvo.test");
  // Formats of OpenAPI (int64, binary) say nothing about JSON.
  const ajv = new Ajv({ strict: true, strictTypes: false, validateFormats: false });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ components: document.components }, "document");
  const schemaOf = (component: string): ValidateFunction => {
    const found = ajv.getSchema(`document#/components/schemas/${component}`);
    if (found === undefined) throw new Error(`the document has no ${component}`);
    return found;
  };
  const dotted = (name: string) => name.replace(":", "/").replaceAll("/", ".");
  const faultIn = (body: unknown, component: string) => {
    const validate = schemaOf(component);
    return validate(body) ? undefined : ajv.errorsText(validate.errors);
  };
  return {
    allowsArguments: (name, args) => faultIn({ args }, `Request_${dotted(name)}`) === undefined,
    faultOf: (name, body) => faultIn(body, `Response_${dotted(name)}`),
    failureFaultOf: (body) => faultIn(body, "FailedResponse"),
    statusesOf: (name) =>
      Object.keys(document.paths[`/api/run/${name.replace(":", "/")}`]?.post.responses ?? {}),
  };
}
