import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer } from "../helpers/server.ts";
import { openBrowser, visit } from "./browser.ts";

test("a run is forked at a step in the browser, links lead both ways, and the two are compared", async () => {
  await using browser = await opened();
  const call = { name: "calculator__evaluate", arguments: { expression: "1+2" } };
  await using server = await startServer({ script: [{ toolCalls: [call] }, { text: "It is three." }] });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "Add them", wait: true });
  const { id } = contract.runs.RunDetail.parse(started.body);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}?step=3`);
  await page.getByRole("button", { name: "Fork from here" }).click();
  await page.getByLabel("Request").fill("Add them again");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("Fork of").waitFor();
  await page.getByRole("link", { name: "compare" }).click();
  await page.getByRole("heading", { name: "Two runs compared" }).waitFor();
  await page.getByRole("group", { name: "request" }).getByText("Add them again").waitFor();
  await page.goto(`/ui/runs/${id}`);
  await page.getByText("Forked as").waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByText("Retry of").waitFor();
  expect(page.url()).not.toContain(id);
});

async function opened() {
  const browser = await openBrowser();
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() });
}
