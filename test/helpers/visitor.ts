type Page = { readonly url: URL; readonly status: number; readonly text: string };

/** A browser without scripts: keeps cookies of one host, follows redirects, and submits forms. */
export class Visitor {
  readonly cookies = new Map<string, { readonly value: string; readonly path: string }>();

  /** Follows redirects until a page, or until an address for which `until` holds. */
  async go(address: string | URL, until: (url: URL) => boolean = () => false): Promise<Page> {
    return this.#request(new URL(address), {}, until);
  }

  /** Logs in at the provider's pages that `page` began, until an address of Caxton. */
  async logIn(page: Page, login: string, until: (url: URL) => boolean = () => false): Promise<Page> {
    let shown = page;
    for (let step = 0; step < 4 && shown.url.pathname.startsWith("/interaction/"); step += 1) {
      const prompt = /name="prompt" value="(\w+)"/.exec(shown.text)?.[1] ?? "";
      const body = new URLSearchParams({ prompt, ...(prompt === "login" && { login, password: "x" }) });
      const action = /action="([^"]+)"/.exec(shown.text)?.[1] ?? "";
      shown = await this.#request(new URL(action, shown.url), { method: "POST", body }, until);
    }
    return shown;
  }

  /** Submits the form of a page unchanged. */
  submit({ url, text }: Page): Promise<Page> {
    const inputs = [...text.matchAll(/<input[^>]*>/g)].map(([input]) => [
      /name="([^"]+)"/.exec(input)?.[1] ?? "",
      /value="([^"]+)"/.exec(input)?.[1] ?? "",
    ]);
    const action = /action="([^"]+)"/.exec(text)?.[1] ?? "";
    return this.#request(new URL(action, url), { method: "POST", body: new URLSearchParams(inputs) }, () => false);
  }

  value(name: string): string | undefined {
    return this.cookies.get(name)?.value;
  }

  async #request(url: URL, init: RequestInit, until: (url: URL) => boolean): Promise<Page> {
    if (until(url)) return { url, status: 0, text: "" };
    const cookie = [...this.cookies]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: "manual" });
    for (const each of response.headers.getSetCookie()) this.#store(each);
    const location = response.headers.get("location");
    const text = await response.text();
    if (location !== null) return this.#request(new URL(location, url), {}, until);
    return { url, status: response.status, text };
  }

  #store(header: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
    const path = /; path=([^;]+)/i.exec(header)?.[1] ?? "/";
    const isOver = /; max-age=0\b|; expires=thu, 01 jan 1970/i.test(header);
    if (isOver || value === "") this.cookies.delete(name);
    else this.cookies.set(name, { value, path });
  }
}
