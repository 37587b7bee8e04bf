type Props = {
  readonly label: string;
  /** 0 to 1; undefined while unknown. */
  readonly share: number | undefined;
  /** The same in words. */
  readonly children: string;
};

/** How far something is. */
export function Progress({ label, share, children }: Props) {
  const percent = share === undefined ? undefined : Math.floor(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div>
      <div className="flex flex-wrap justify-between gap-x-3 text-xs">
        <span className="font-medium">{label}</span>
        <span className="text-muted tabular-nums">{children}</span>
      </div>
      <div
        role="progressbar"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuetext={children}
        className="mt-1 h-2 overflow-hidden rounded-full bg-idle-soft"
      >
        <div
          className={percent === undefined ? "h-full w-1/3 animate-pulse-soft bg-busy" : "h-full bg-busy"}
          style={percent === undefined ? undefined : { width: `${percent}%` }}
        />
      </div>
    </div>
  );
}
