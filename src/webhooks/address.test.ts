import { describe, expect, it } from "vitest";
import { endpointUrl } from "./address.ts";

const operator = ["http://hooks.internal:8080"];
const verdict = (url: string) => {
  const result = endpointUrl(url, operator);
  return result.ok ? result.value.href : result.error.message;
};

describe("an endpoint's address", () => {
  it.each([
    ["https://example.org", "https://example.org/"],
    ["https://example.org:443/a?b=c", "https://example.org/a?b=c"],
    ["https://münchen.example/", "https://xn--mnchen-3ya.example/"],
    ["http://hooks.internal:8080/x", "http://hooks.internal:8080/x"],
  ])("may be %s", (url, href) => {
    expect(verdict(url)).toBe(href);
  });

  it.each([
    ["http://example.org/", "https://"],
    ["ftp://example.org/", "https://"],
    ["https://example.org:8443/", "port 443"],
    ["http://hooks.internal:8081/", "https://"],
    ["https://user@example.org/", "user name"],
    ["https://:secret@example.org/", "user name"],
    ["http://user@hooks.internal:8080/", "user name"],
    ["https://exam\nple.org/", "an address such as"],
    [" https://example.org/", "an address such as"],
    ["https://example.org/\0", "an address such as"],
    ["/hooks", "an address such as"],
    ["", "an address such as"],
    [`https://example.org/${"x".repeat(2_048)}`, "2048 characters"],
  ])("is not %j", (url, why) => {
    expect(verdict(url)).toContain(why);
  });
});
