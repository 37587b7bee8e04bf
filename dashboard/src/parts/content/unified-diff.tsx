import { cx } from "../class-names.ts";

type Props = { readonly label: string; readonly children: string };

const toneOf = (line: string): string => {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@")) return "text-muted";
  if (line.startsWith("+")) return "bg-good-soft text-good";
  return line.startsWith("-") ? "bg-bad-soft text-bad" : "";
};

/** A difference as programs write it, with its lines in colour; the signs stay, so that it can be applied. */
export const UnifiedDiff = ({ label, children }: Props) => (
  <div
    role="group"
    aria-label={label}
    tabIndex={0}
    className="overflow-auto rounded-lg border border-line bg-surface py-2 font-mono text-xs leading-5"
  >
    <pre className="min-w-max">
      {children
        .replace(/\n$/, "")
        .split("\n")
        .map((line, index) => (
          <span key={index} className={cx("block px-4", toneOf(line))}>
            {line === "" ? "\n" : line}
          </span>
        ))}
    </pre>
  </div>
);
