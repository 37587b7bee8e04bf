import { Dialog } from "../parts/dialogs/dialog.tsx";
import { text } from "../text/text.ts";

export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={text.help.title} onClose={onClose}>
      <div
        role="group"
        aria-label={text.help.title}
        tabIndex={0}
        className="grid gap-6 overflow-y-auto p-5 sm:grid-cols-2"
      >
        {text.help.groups.map(({ name, keys }) => (
          <section key={name}>
            <h3 className="mb-1.5 text-xs font-semibold text-muted">{name}</h3>
            <dl>
              {keys.map(([combination, meaning]) => (
                <div key={combination} className="flex items-center justify-between gap-4 py-1">
                  <dt className="text-sm">{meaning}</dt>
                  <dd className="flex gap-1">
                    {combination.split(" ").map((key) => (
                      <Key key={key}>{key}</Key>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

export const Key = ({ children }: { readonly children: string }) => (
  <kbd className="min-w-5 rounded border border-line-strong bg-sunken px-1.5 text-center font-mono text-2xs leading-5">
    {children}
  </kbd>
);
