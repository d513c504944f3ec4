// Every op of haystack-nclient (3.0.46) against a server: node haystack_nclient.cjs URL TOKEN -> one line of JSON
// It has no SCRAM, so it is given a token; its own `fetch` would ask a FIN server for a key first.
const { Client } = require("haystack-nclient");
const { HRef, HGrid, HDict, HNum } = require("haystack-core");
(async () => {
  const [base, authBearer] = process.argv.slice(2);
  const client = new Client({ base: new URL(base), project: "demo", authBearer, fetch: globalThis.fetch, getOpUrl: ({op}) => `${base}/${op}` });
  const ops = client.ops, told = {};
  const names = (grid) => grid.getRows().map((row) => row.get("id")?.value ?? row.get("name")?.value ?? null);
  const step = async (name, work) => { try { told[name] = await work(); } catch (e) { told[name] = "FAILED " + e.message; } };
  await step("about", async () => (await ops.about()).getRows()[0].get("tz").value);
  await step("ops", async () => names(await ops.ops()));
  await step("formats", async () => (await ops.formats()).length);
  await step("invokeOp", async () => names(await ops.invokeOp("read", HGrid.make({rows: [HDict.make({filter: "site"})]}))));
  await step("read", async () => names(await ops.read("point and temp", 10)));
  await step("readIds", async () => names(await ops.read(["AHU-1", "nowhere"])));
  await step("nav", async () => names(await ops.nav("floor-8")));
  await step("pointWrite", async () => (await ops.pointWrite({id: HRef.make("AHU-1.fan-run"), level: 8, val: HNum.make(1), who: "Nok", duration: HNum.make(30, "min")})).length);
  await step("pointRead", async () => (await ops.pointRead("AHU-1.fan-run")).getRows()[7].get("who").value);
  await step("hisRead", async () => (await ops.hisRead("AHU-1.discharge-air-temp", "yesterday")).length);
  await step("hisWrite", async () => (await ops.hisWrite("AHU-1.discharge-air-temp", [HDict.make({ts: {_kind: "dateTime", val: "2026-02-01T12:00:00+07:00", tz: "Bangkok"}, val: HNum.make(17, "°C")})])).length);
  await step("invokeAction", async () => (await ops.invokeAction("AHU-1", "reset", HDict.make({reason: "filter"}))).getRows()[0].get("done").value);
  await step("loadDefs", async () => { await client.loadDefs(); return client.isDefsLoaded(); });
  console.log(JSON.stringify({told, offered: Object.getOwnPropertyNames(Object.getPrototypeOf(ops))}));
})();
