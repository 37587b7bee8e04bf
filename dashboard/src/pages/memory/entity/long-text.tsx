import { useState } from "react";
import { Button } from "../../../parts/button.tsx";
import { count } from "../../../parts/format/format.ts";
import { text } from "../../../text/text.ts";
import { beginning, SHOWN_CHARS } from "../beginning.ts";

/** Text of an observation, in its writing direction; a very long one is shortened at first. */
export function LongText({ children, className }: { readonly children: string; readonly className?: string }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = children.length > SHOWN_CHARS;
  return (
    <>
      <p dir="auto" className={className}>
        {isWhole ? children : beginning(children)}
      </p>
      {isLong && !isWhole ? (
        <Button size="small" className="my-1" onClick={() => setWhole(true)}>
          {text.memory.showText(count(children.length))}
        </Button>
      ) : null}
    </>
  );
}
