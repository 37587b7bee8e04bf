import { isInDomains } from "../../../kernel/rights/domains.ts";
import { type Document, type Problem, problemAt } from "../../../text/documents/index.ts";
import { isRecord, isStrings } from "../formats/record.ts";

/** An address that comes from a variable is checked when a run starts. */
export function hostProblems(document: Document): readonly Problem[] {
  const { llm, security } = document.data;
  const url = isRecord(llm) ? llm["base_url"] : undefined;
  const domains = isRecord(security) ? security["allowed_domains"] : undefined;
  if (typeof url !== "string" || url.includes("${") || !isStrings(domains)) return [];
  const { hostname } = URL.parse(url) ?? { hostname: "" };
  if (
    isInDomains(
      hostname,
      domains.map((domain) => domain.toLowerCase()),
    )
  )
    return [];
  return [
    problemAt(document, ["llm", "base_url"], {
      severity: "error",
      code: "NOT_ALLOWED",
      message: `${hostname} is not among the allowed_domains of [security]`,
      fix: "Add the host to allowed_domains, or change base_url.",
    }),
  ];
}
