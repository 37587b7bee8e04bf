import { readFileSync } from "node:fs";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { answering, chatty, CLOCK, manifest, renamed } from "../tools/servers/modules.ts";
import { World } from "../tools/servers/world.ts";
import { violationsInBothThemes } from "./accessible.ts";
import {
  follow,
  leaveBrowser,
  openBrowser,
  PHONE,
  toDesktop,
  visit,
  type Visit,
  type VisitOptions,
} from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.unsandboxed-marked", "dashboard.pages", "dashboard.accessible");

const FORM_SERVER = fileURLToPath(new URL("./form-server.ts", import.meta.url));
const CONFIG = `[mcp_servers.forms]
command = ${JSON.stringify(execPath)}
args = [${JSON.stringify(FORM_SERVER)}]

[tool_servers.weather.grants]
random = true
`;
const AGENT = `name = "forecaster"
version = "1.0.0"
description = "Looks outside"
capabilities = ["looking"]
tools = ["weather.answer"]
system_prompt = "Report the weather."
`;

let browser: Browser;
let world: World;
beforeAll(async () => {
  browser = await openBrowser();
  world = await World.open({ files: { "caxton.toml": CONFIG } });
  await world.deploy(await chatty(), manifest("weather", CLOCK));
  await world.server.ask("POST", "/api/v1/agents", { source: AGENT, file_name: "forecaster.toml" });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await world?.[Symbol.asyncDispose]();
});

async function open(path: string, options: VisitOptions = {}): Promise<Visit> {
  const person = await visit(browser, world.server.url, options);
  await person.page.goto(path);
  return person;
}

const main = (page: Page) => page.getByRole("main");
const row = (page: Page, name: string) => page.getByRole("row", { name: new RegExp(`^${name} `) });
const menu = async (page: Page, item: string) => {
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: item }).click();
};
const files = (module: Uint8Array, toml: string) => [
  { name: "module.wasm", mimeType: "application/wasm", buffer: Buffer.from(module) },
  { name: "tool.toml", mimeType: "text/plain", buffer: Buffer.from(toml) },
];

describe("the list of tool servers", () => {
  test("shows what is not sandboxed, what waits and what is paused, and is filtered by the address", async () => {
    await world.deploy(await answering("ok"), manifest("resting"));
    await world.ask("POST", "/resting/pause", { reason: "it costs too much" });
    await world.deploy(await answering("ok"), manifest("waiting"));
    await world.deploy(await renamed(), manifest("waiting", "", "2.0.0"));
    await using person = await open("/ui/tools");
    const { page } = person;
    await row(page, "forms").getByText("Not sandboxed").last().waitFor();
    await row(page, "forms").getByText("MCP, local process").waitFor();
    await row(page, "weather").getByText("Sandboxed").waitFor();
    await row(page, "waiting").getByText("revision 2 waits").waitFor();
    await row(page, "resting").getByText("it costs too much").waitFor();
    await page.getByRole("button", { name: "Paused" }).click();
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByText("1 of 4 tool servers").waitFor();
    expect(new URL(page.url()).searchParams.get("state")).toBe("paused");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Needs acceptance" }).click();
    await row(page, "waiting").waitFor();
    await expect.poll(() => row(page, "resting").count()).toBe(0);
    await page.goto("/ui/tools?origin=remote");
    await row(page, "forms").waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
    await page.keyboard.press("/");
    await page.keyboard.type("nothing like that");
    await page.getByText("No tool server fits").waitFor();
    expect(person.complaints).toEqual([]);
  });

  test("follows what happens to them without a reload, and so does the page of one", async () => {
    await world.deploy(await answering("ok"), manifest("restless"));
    await using list = await open("/ui/tools");
    await using one = await open("/ui/tools/restless");
    await row(list.page, "restless").getByText("Ready").waitFor();
    await main(one.page).getByText("Ready", { exact: true }).waitFor();
    await world.ask("POST", "/restless/pause", { reason: "lunch" });
    await row(list.page, "restless").getByText("Paused").waitFor();
    await one.page.getByRole("region", { name: "Paused" }).getByText("lunch").waitFor();
    await world.call("weather");
    await row(list.page, "weather")
      .getByRole("cell", { name: /^[\d.]+K$/ })
      .waitFor();
    await world.ask("DELETE", "/restless");
    await row(list.page, "restless").waitFor({ state: "detached" });
    await one.page.getByText("TOOL_SERVER_NOT_FOUND").waitFor();
    expect([...list.complaints, ...one.complaints]).toEqual([]);
  });

  test("says what to do when there are none", async () => {
    await using bare = await World.open();
    await using person = await visit(browser, bare.server.url);
    await person.page.goto("/ui/tools");
    await person.page.getByText("No tool servers").waitFor();
    await main(person.page).getByRole("button", { name: "Deploy a tool server" }).last().click();
    await person.page.getByRole("dialog", { name: "Deploy a tool server" }).waitFor();
    expect(person.complaints).toEqual([]);
  });
});

describe("deploying", () => {
  test("shows what it would do before it does it, and makes a server of two files", async () => {
    await using person = await open("/ui/tools?deploy=true");
    const { page } = person;
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("button", { name: "Deploy", exact: true }).isDisabled()).toBe(true);
    await dialog.locator("input[type=file]").setInputFiles(files(await answering("ok"), manifest("fresh", CLOCK)));
    await dialog.getByText("fresh would be new").waitFor();
    await dialog.getByText("not signed").waitFor();
    await dialog.getByText("clock", { exact: true }).waitFor();
    expect(await world.code("GET", "/fresh")).toBe("TOOL_SERVER_NOT_FOUND");
    await dialog.getByRole("textbox", { name: "tool.toml" }).fill('name = "fresh"\nversion = "one"\n');
    await dialog.getByText("TOOL_MANIFEST_INVALID").waitFor();
    await dialog.getByRole("button", { name: "2:11" }).click();
    expect(await page.evaluate("getSelection().toString()")).toBe('"one"');
    await dialog.getByRole("textbox", { name: "tool.toml" }).fill(manifest("fresh"));
    await dialog.getByText("none: it can touch nothing outside its own memory").waitFor();
    await dialog.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "fresh" }).waitFor();
    expect((await world.get("fresh")).revision).toBe(1);
    expect(person.complaints).toEqual([]);
  });

  test("takes a module alone, under the name of its file, and says what it lacks", async () => {
    await using person = await open("/ui/tools?deploy=true");
    const dialog = person.page.getByRole("dialog");
    const module = { name: "lonely.wasm", mimeType: "application/wasm", buffer: Buffer.from(await answering("ok")) };
    await dialog.locator("input[type=file]").setInputFiles([module]);
    await dialog.getByText("lonely would be new").waitFor();
    await dialog.getByText("none: name of the file, no grants").waitFor();
    await dialog.getByText("random numbers (always the same").waitFor();
    await dialog.getByRole("button", { name: "Deploy", exact: true }).click();
    await person.page.getByRole("heading", { level: 1, name: "lonely" }).waitFor();
    expect(person.complaints).toEqual([]);
  });

  test("of a version that changes what was accepted waits, is read, accepted and rolled back", async () => {
    await world.deploy(await answering("ok"), manifest("steady"));
    await using person = await open("/ui/tools/steady");
    const { page } = person;
    await page.getByRole("button", { name: "Deploy a version" }).click();
    const dialog = page.getByRole("dialog");
    const next = files(await renamed(), manifest("steady", CLOCK, "2.0.0"));
    await dialog.locator("input[type=file]").setInputFiles(next);
    await dialog.getByText("It would become revision 2 of steady and wait to be accepted").waitFor();
    await dialog.getByText("the tool more is gone").waitFor();
    await dialog.getByText("wants to have: clock").waitFor();
    await dialog.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("Revision 2 (2.0.0) waits to be accepted").waitFor();
    expect((await world.get("steady")).revision).toBe(1);

    const details = page.getByRole("region", { name: "Details" });
    await details.getByText("version: 1.0.0 → 2.0.0").waitFor();
    await details.getByRole("button", { name: "Accept" }).click();
    await dialog.getByText("new tool less").waitFor();
    await dialog.getByRole("button", { name: "Accept" }).click();
    await row(page, "2").getByText("Serving").waitFor();
    expect((await world.get("steady")).revision).toBe(2);

    await row(page, "1").getByRole("link").click();
    await details.getByText("nothing to compare it with").waitFor();
    await details.getByLabel("compared with").selectOption("2");
    await details.getByText("the tool less is gone").waitFor();
    await details.getByRole("button", { name: "Activate revision 1" }).click();
    await dialog.getByText("the tool less is gone").waitFor();
    await dialog.getByRole("button", { name: "Activate revision 1" }).click();
    await row(page, "1").getByText("Serving").waitFor();
    expect((await world.get("steady")).version).toBe("1.0.0");
    expect(person.complaints).toEqual([]);
  });

  test("serves at once if the deployment says so", async () => {
    await world.deploy(await answering("ok"), manifest("hasty"));
    await using person = await open("/ui/tools/hasty?deploy=true");
    const dialog = person.page.getByRole("dialog");
    await dialog.locator("input[type=file]").setInputFiles(files(await renamed(), manifest("hasty", "", "2.0.0")));
    await dialog.getByLabel(/^Serve it at once/).check();
    await dialog.getByRole("button", { name: "Deploy and serve at once" }).click();
    await person.page.getByText("2.0.0 · revision 2").waitFor();
    expect((await world.get("hasty")).pending).toBeNull();
  });
});

describe("one tool server", () => {
  test("is paused with a reason, resumed, checked, and deleted after its name was typed", async () => {
    await world.deploy(await chatty(), manifest("brief"));
    await using person = await open("/ui/tools/brief");
    const { page } = person;
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByLabel("Reason").fill("for the night");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.getByRole("region", { name: "Paused" }).getByText("for the night").waitFor();
    expect(await world.call("brief")).toBe("unavailable");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("brief takes calls again").waitFor();
    expect(await world.call("brief")).toBe("ok");
    await menu(page, "Check it now");
    await page.getByText("Checked: it lists its tools").waitFor();
    await menu(page, "Copy as CLI");
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe("caxton tool get brief");
    const downloading = page.waitForEvent("download");
    await menu(page, "Download the module");
    expect((await downloading).suggestedFilename()).toBe("brief-1.wasm");
    await menu(page, "Delete tool server");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("No deployed agent names it.").waitFor();
    const confirm = dialog.getByRole("button", { name: "Delete tool server" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Type brief to confirm").fill("brief");
    await confirm.click();
    await page.getByRole("heading", { level: 1, name: "Tools" }).waitFor();
    expect(await world.code("GET", "/brief")).toBe("TOOL_SERVER_NOT_FOUND");
    expect(person.complaints).toEqual([]);
  });

  test("lists the agents that use it before it is deleted", async () => {
    await using person = await open("/ui/tools/weather");
    await menu(person.page, "Delete tool server");
    const dialog = person.page.getByRole("dialog");
    await dialog.getByText("1 agent uses it, and will do without:").waitFor();
    await dialog.getByRole("link", { name: "forecaster" }).waitFor();
    await person.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect((await world.get("weather")).state).toBe("loaded");
  });

  test("shows what it was asked for and what the configuration gives it, and what calls used of its limits", async () => {
    await world.call("weather");
    await using person = await open("/ui/tools/weather?tab=grants");
    const { page } = person;
    await main(page)
      .getByText(/^~\d+$/)
      .waitFor();
    await main(page).getByText("gets random numbers").waitFor();
    await main(page).getByText("added by the configuration").waitFor();
    await page.getByRole("img", { name: /^Fuel: median [\d.]+K, most [\d.]+K, of 100M$/ }).waitFor();
    await page.getByRole("img", { name: /^Memory: / }).waitFor();
    await page.getByText("Nothing was used").waitFor();
    expect(person.complaints).toEqual([]);
  });

  test("that runs as a process says so, has no fuel, and cannot be deleted here", async () => {
    await using person = await open("/ui/tools/forms");
    const { page } = person;
    await page.getByRole("region", { name: "This server is not sandboxed" }).waitFor();
    await expect.poll(() => main(page).getByText("Fuel", { exact: true }).count()).toBe(0);
    await expect.poll(() => page.getByRole("button", { name: "Deploy a version" }).count()).toBe(0);
    await page.getByRole("button", { name: "More actions" }).click();
    await expect.poll(() => page.getByRole("menuitem", { name: "Delete tool server" }).count()).toBe(0);
    expect(await page.getByRole("menuitem", { name: "Check it now" }).count()).toBe(1);
  });

  test("has a live log that is paused, filtered, copied and cleared", async () => {
    await world.deploy(await chatty(), manifest("talker"));
    await using person = await open("/ui/tools/talker?tab=logs");
    const { page } = person;
    await page.getByText("Nothing was written yet").waitFor();
    await world.call("talker");
    const log = page.getByRole("log");
    await log.getByText("hello log").waitFor();
    await page.getByRole("button", { name: "Pause", exact: true }).last().click();
    await world.call("talker");
    await page.getByText("1 new line while paused").waitFor();
    expect(await log.getByText("hello log").count()).toBe(1);
    await page.getByRole("button", { name: "Pause", exact: true }).last().click();
    await expect.poll(() => log.getByText("hello log").count()).toBe(2);
    await page.getByRole("button", { name: "Copy" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toMatch(/^\S+Z hello log\n\S+Z hello log$/);
    await page.getByLabel("Only lines with").fill("farewell");
    await log.getByText("No line has these words.").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("Nothing was written yet").waitFor();
    expect(person.complaints).toEqual([]);
  });
});

describe("a call by hand", () => {
  test("has inputs for objects, lists, choices and what may be null, takes examples, and sends what was typed", async () => {
    await using person = await open("/ui/tools/forms?tool=note");
    const { page } = person;
    const form = page.getByRole("form", { name: "Call this tool" });
    expect(await form.getByLabel("title").getAttribute("placeholder")).toBe("e.g. Groceries");
    expect(await form.getByLabel("tags 1 *", { exact: true }).inputValue()).toBe("todo");
    await form.getByRole("button", { name: "Example 1" }).click();
    expect(await form.getByLabel("tags 2 *", { exact: true }).inputValue()).toBe("soon");
    await form.getByRole("button", { name: "Remove tags 1" }).click();
    await form.getByRole("button", { name: "Add to tags" }).click();
    await form.getByLabel("tags 2 *", { exact: true }).fill("cold");
    await form.getByLabel("share").fill("half");
    await form.getByLabel("colour").selectOption("Green");
    await form.getByLabel("town").fill("Ulm");
    await form.getByLabel("floor").fill("3");
    await page.keyboard.press("Control+Enter");
    await form.getByText("Expected a number.").waitFor();
    await form.getByLabel("share").fill("0.5");
    await page.keyboard.press("Control+Enter");
    const result = page.getByRole("region", { name: "Result" });
    await result.getByText("Done").waitFor();
    await result.getByRole("button", { name: "Copy" }).click();
    const sent: unknown = JSON.parse(String(await page.evaluate("navigator.clipboard.readText()")));
    expect(sent).toEqual({
      title: "Milk",
      priority: 1,
      share: 0.5,
      colour: "g",
      tags: ["soon", "cold"],
      place: { town: "Ulm", floor: 3 },
    });
    await form.getByRole("button", { name: "Write JSON" }).click();
    await form.getByLabel("Arguments").fill('{ "title": "Bread", "place": { "town": "Bonn" } }');
    await form.getByRole("button", { name: "Use the form" }).click();
    expect(await form.getByLabel("town").inputValue()).toBe("Bonn");
    expect(person.complaints).toEqual([]);
  });

  test("shows images that are no text, and returns every file byte for byte", async () => {
    await using person = await open("/ui/tools/forms?tool=draw");
    const { page } = person;
    await page.getByRole("button", { name: "Call now" }).click();
    const result = page.getByRole("region", { name: "Result" });
    const image = result.getByRole("img");
    await image.waitFor();
    await expect.poll(() => page.evaluate("document.querySelector('main figure img').naturalWidth")).toBe(1);
    await result.getByText("Not shown here: application/pdf").waitFor();
    const coming = page.waitForEvent("download");
    await result.getByRole("link", { name: "Download report.pdf" }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe("report.pdf");
    expect(readFileSync(await download.path(), "utf8")).toBe("%PDF-");
    expect(person.complaints).toEqual([]);
  });

  test("is cancelled, and the server ends it", async () => {
    await using person = await open("/ui/tools/forms?tool=wait");
    const { page } = person;
    await page.getByRole("button", { name: "Call now" }).click();
    await expect.poll(async () => (await world.get("forms")).calls_under_way).toBe(1);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("The call was cancelled.").waitFor();
    await expect.poll(async () => (await world.get("forms")).calls_under_way).toBe(0);
    expect(person.complaints).toEqual([]);
  });
});

describe("with the built-in tools", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  test("a file is taken for the argument that names one, and its call is counted and measured", async () => {
    await using person = await visit(browser, server.url);
    const { page } = person;
    await page.goto("/ui/tools/csv_parser?tool=describe");
    await page.getByText("Not called since the server started.").waitFor();
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Upload a file for path" }).click();
    const rain = { name: "rain.csv", mimeType: "text/csv", buffer: Buffer.from("town,rain\nUlm,3\nBonn,9\n") };
    await (await choosing).setFiles(rain);
    expect(await page.getByLabel("path", { exact: true }).inputValue()).toBe("uploads/rain.csv");
    await page.getByRole("button", { name: "Call now" }).click();
    await page.getByRole("region", { name: "Result" }).getByText("Done").waitFor();
    await page.getByRole("img", { name: /^Time: median .* of 1 m 00 s$/ }).waitFor();
    expect(person.complaints).toEqual([]);
  });

  test("a call shows what it was refused, as does the list of uses", async () => {
    await using person = await visit(browser, server.url);
    const { page } = person;
    await page.goto("/ui/tools/csv_parser?tool=describe");
    await page.getByLabel("path", { exact: true }).fill("secret/plans.csv");
    await page.getByLabel("Grants").selectOption("report");
    await page.getByRole("button", { name: "Call now" }).click();
    const needed = page.getByRole("region", { name: "What the call needed" });
    await needed.getByText("Denied").waitFor();
    await needed.getByText('+path = "secret/plans.csv"').waitFor();
    await page.getByRole("tab", { name: "Grants and limits" }).click();
    const uses = page.getByRole("region", { name: "Uses of grants" });
    await uses.getByRole("button", { name: "Denied" }).click();
    await uses.getByText("secret/plans.csv").waitFor();
    expect(new URL(page.url()).searchParams.get("uses")).toBe("denied");
    await uses.getByRole("button", { name: "Allowed" }).click();
    await uses.getByText("secret/plans.csv").waitFor({ state: "detached" });
    expect(person.complaints).toEqual([]);
  });

  test("a chart is returned as an image, and the whole answer as JSON", async () => {
    await using person = await visit(browser, server.url);
    const { page } = person;
    await page.goto("/ui/tools/chart_generator?tool=bar_chart");
    const form = page.getByRole("form", { name: "Call this tool" });
    await form.getByRole("button", { name: "Add to data" }).click();
    await form.getByLabel("label *").fill("Ulm");
    await form.getByLabel("value *").fill("3");
    await form.getByLabel("title", { exact: true }).fill("Rain");
    await form.getByRole("button", { name: "Call now" }).click();
    await page.getByRole("img", { name: /^Image .*\.svg/ }).waitFor();
    await expect.poll(() => page.evaluate("document.querySelector('figure img').naturalWidth")).toBeGreaterThan(100);
    await page.getByRole("button", { name: "Raw JSON" }).click();
    await page.getByText("memory_bytes").waitFor();
    expect(person.complaints).toEqual([]);
    expect(person.foreign).toEqual([]);
  });
});

test("the palette finds tool servers, and deploying one", async () => {
  await using person = await open("/ui/");
  const { page } = person;
  await page.getByText("First steps").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("weather");
  await page.getByRole("option", { name: /^weather/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "weather" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("deploy a tool server");
  await page.getByRole("option", { name: /^Deploy a tool server/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Deploy a tool server" }).waitFor();
  expect(person.complaints).toEqual([]);
});

/** Every state of the pages that the others' list has not, with words that are there once it is whole. */
const LOOKS = [
  ["/ui/tools/forms?tool=note", "Input schema"],
  ["/ui/tools/forms?tab=grants", "Grants"],
  ["/ui/tools/forms?tab=versions", "Hash of its tools"],
  ["/ui/tools/forms?tab=logs", "the form server listens"],
  ["/ui/tools/looked?tab=tools", "Usage since the start"],
  ["/ui/tools/looked?tab=grants", "Uses of grants"],
  ["/ui/tools/looked?tab=versions", "wants to have: clock"],
  ["/ui/tools/looked?deploy=true", "Choose files"],
  ["/ui/tools?q=nothing", "No tool server fits"],
] as const;

describe("every page", () => {
  let person: Visit;
  beforeAll(async () => {
    await world.deploy(await answering("ok"), manifest("looked"));
    await world.deploy(await answering("v2"), manifest("looked", CLOCK));
    await world.call("looked");
    person = await visit(browser, world.server.url, { still: true });
  });
  afterAll(async () => {
    await person?.[Symbol.asyncDispose]();
  });

  describe.for(LOOKS)("%s", ([path, words]) => {
    beforeAll(async () => {
      await person.page.setViewportSize(PHONE);
      await follow(person.page, path);
      await person.page.getByText(words).first().waitFor();
    });

    test("on a telephone is no wider than the screen", async () => {
      expect(await person.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    });

    test("is accessible in both themes", async () => {
      await toDesktop(person.page);
      expect(await violationsInBothThemes(person.page)).toEqual([]);
      expect(person.complaints).toEqual([]);
      expect(person.foreign).toEqual([]);
    });
  });
});
