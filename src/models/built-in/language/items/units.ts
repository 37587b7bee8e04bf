type Unit = { readonly kind: string; readonly size: number };
/** Units that can stand after a number or at the end of a column's name, with their kinds and sizes. */
export const UNIT_SIZES: { readonly [word: string]: Unit | undefined } = Object.fromEntries(
  (
    "g:mass:1 gram:mass:1 grams:mass:1 kg:mass:1000 kilo:mass:1000 kilos:mass:1000 kilogram:mass:1000 " +
    "kilograms:mass:1000 lb:mass:453.59237 lbs:mass:453.59237 pounds:mass:453.59237 t:mass:1e6 mm:length:0.001 " +
    "millimeters:length:0.001 millimetres:length:0.001 cm:length:0.01 centimeters:length:0.01 centimetres:length:0.01 " +
    "m:length:1 meters:length:1 metres:length:1 km:length:1000 kilometers:length:1000 kilometres:length:1000 " +
    "miles:length:1609.344 mi:length:1609.344 ft:length:0.3048 feet:length:0.3048 inches:length:0.0254 " +
    "inch:length:0.0254 s:time:1 sec:time:1 seconds:time:1 min:time:60 minute:time:60 minutes:time:60 mins:time:60 " +
    "h:time:3600 hr:time:3600 hour:time:3600 hours:time:3600 days:time:86400 day:time:86400 weeks:time:604800 " +
    "usd:dollar:1 dollars:dollar:1 dollar:dollar:1 eur:euro:1 euros:euro:1 euro:euro:1 ppm:co2:1 kw:power:1e3 mw:power:1e6 gw:power:1e9 kwh:energy:1e3 mwh:energy:1e6 gwh:energy:1e9 kmh:speed:1 " +
    "kph:speed:1 mph:speed:1.609344 percent:share:1 pct:share:1 degrees:temperature:1 celsius:temperature:1 " +
    "c:temperature:1 years:age:1 year:age:1 old:age:1"
  )
    .split(" ")
    .map((entry) => entry.split(":"))
    .map(([name = "", kind = "", size]): readonly [string, Unit] => [name, { kind, size: Number(size) }]),
);
export const isUnit = (word: string): boolean => Object.hasOwn(UNIT_SIZES, word);
