/** A component that cannot be run as a tool server. The build reads `code` and `hint`; the room is loaded where the kernel is not. */
export class ComponentRefusedError extends Error {
  override readonly name = "ComponentRefusedError";
  readonly code = "COMPONENT_REFUSED";
  readonly kind = "rejected";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export const damaged = (what: string, offset: number): ComponentRefusedError =>
  new ComponentRefusedError(
    `the component is damaged at byte ${offset}: ${what}`,
    "Build or download the file again; `wasm-tools validate` shows more.",
  );

export const unsupported = (what: string, hint = `Build the component without ${what}.`): ComponentRefusedError =>
  new ComponentRefusedError(`the component uses ${what}, which the sandbox does not run`, hint);
