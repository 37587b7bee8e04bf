const PARAMETER = "workspace";
const KEY = "caxton.workspace";

/** The workspace of this page: of its address, else the one last chosen in this browser; undefined for that of the user's first grant. */
let current = new URLSearchParams(location.search).get(PARAMETER) || stored();

function stored(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export const currentWorkspace = (): string | undefined => current;

/** Names the workspace in the addresses of this page from now on, so that they lead others to the same one. */
export function nameWorkspace(name: string): void {
  current = name;
}

/** Opens another workspace, and remembers it in this browser; undefined for that of the user's first grant. Everything is loaded again. */
export function openWorkspace(name: string | undefined): void {
  try {
    if (name === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch {
    // It is then remembered by the address alone.
  }
  const page = new URL("/ui/", location.href);
  if (name !== undefined) page.searchParams.set(PARAMETER, name);
  location.assign(page);
}

/** Header of every request. */
export const workspaceHeader = (): { readonly "x-caxton-workspace"?: string } =>
  current === undefined ? {} : { "x-caxton-workspace": current };

/** An address that the browser itself requests, without headers: a link or an image. */
export const inWorkspace = (path: string): string =>
  current === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}${PARAMETER}=${encodeURIComponent(current)}`;

/** The search of a page's address without the workspace. */
export function withoutWorkspace(search: string): string {
  const parameters = new URLSearchParams(search);
  parameters.delete(PARAMETER);
  return parameters.toString();
}
