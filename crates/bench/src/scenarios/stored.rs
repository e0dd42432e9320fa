//! SQLite with 10 million groups in it, and with none.

use super::{Plan, Section};
use crate::{
    load::{Load, Names, Sample},
    server::Home,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::{Cluster, PlainSql};

/// Ten million groups with names like those of the load, which fall all over the index. Sorted by name they go in
/// faster; sorted by UUID, as if each had come a microsecond after the last, they are found as those of a real load.
const FILL: &str = "
    PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;
    BEGIN;
    CREATE TEMP TABLE numbers AS
        WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < 10000000)
        SELECT n, printf('group_%016x', random()) AS name FROM counter;
    INSERT INTO groups (uuid, name, token, admin_id, created_at)
        SELECT unhex(printf('019aaf%010x8%015x', n, n)), name, '298fbgv479bv', 1, 1763899200000000 + n
        FROM numbers ORDER BY name;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);";

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let full = Home::new(System::Sqlite, cluster)?;
    eprintln!("storing 10 million groups");
    PlainSql::connect(full.url())?.execute(FILL)?;
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for names in [Names::Ordered, Names::Scattered] {
        let load = Load { names, ..Load::new(64, plan.time) };
        let (mut from_empty, mut from_full) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            from_empty.push(load.run(&Home::new(System::Sqlite, cluster)?.start()?)?);
            from_full.push(load.run(&full.start()?)?);
        }
        let [none, many] = [from_empty, from_full].map(|samples| Sample::median(&samples));
        let names = names.as_str();
        let row =
            |stored: &str, sample| [vec![names.to_owned(), stored.to_owned()], table::cells(sample)].concat();
        rows.extend([row("none", &none), row("10 million", &many)]);
        let what = |figure| format!("10 million / none stored, {names} names, {figure}");
        goals.extend([
            Goal::at_least(what("throughput"), many.throughput / none.throughput, 0.8, "×"),
            Goal::at_most(what("p99"), many.p99 / none.p99, 3.0, "×"),
            Goal::at_most(
                format!("10 million stored, {names} names, peak memory"),
                table::mebibytes(many.peak),
                256.0,
                "MiB",
            ),
        ]);
    }
    let heads = [&["names", "stored"], &table::HEADS[..]].concat();
    Ok(Section { title: "10 million groups", text: table::render(&heads, &rows), goals })
}
