import { text } from "../../../text/text.ts";
import { scopeGroups, scopeName } from "../scopes.ts";

/** As many of a kind as a list that opens can be looked through; those with the most in them come first. */
const OFFERED_MAX = 200;

/** Scopes to choose from, by who has them. */
export const ScopeOptions = ({ scopes }: { readonly scopes: readonly string[] }) =>
  scopeGroups(scopes).map(({ kind, scopes: offered }) => (
    <optgroup key={kind} label={text.memory.scopeKinds[kind]}>
      {offered.slice(0, OFFERED_MAX).map((scope) => (
        <option key={scope} value={scope}>
          {scopeName(scope)}
        </option>
      ))}
    </optgroup>
  ));
