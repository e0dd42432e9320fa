//! Serves one of the systems: actix-web alone, or a server that differs from the product in its repositories, or in how
//! long it caches keys.

use crate::{actix_alone, system::System, textbook};
use actix_web::rt;
use anyhow::bail;
use gochat::{
    http::{self, HttpMetrics, Services, Streams},
    listener::Listener,
    settings::{Bind, Profile, Settings},
    telemetry::Log,
};
use gochat_adapters::{CachingAuthenticator, Database, memory::MemoryGroups};
use gochat_domain::{
    clock::SystemClock,
    ports::{GroupRepository, MemberRepository},
    service::{GroupService, MemberService},
};
use std::{env, future, net::TcpListener, sync::Arc, time::Duration};

/// Time for which a key is cached when costs are counted. A key is looked up again after half of this time. It is so
/// long that no look-up is counted; otherwise their number per request would depend on the speed of the machine.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves until it is killed.
pub fn run(system: System) -> anyhow::Result<()> {
    let settings = Settings::load(Profile::Production, env::vars())?;
    let Bind::Address(address) = settings.http.bind else { bail!("the benchmark needs an address") };
    if system == System::ActixWeb {
        return actix_alone::serve(address);
    }
    let _log = Log::start(settings.log);
    let database = Database::connect(&settings.database.url, settings.database.options)?;
    database.migrate()?;
    let queue = database.start_queue(settings.writer)?;
    let mut reader = database.group_reader();
    let (groups, members) = match system {
        System::Sqlite | System::Postgres => (queue.groups(), queue.members()),
        System::Memory => {
            let memory = Arc::new(MemoryGroups::default());
            reader = memory.clone();
            ports(memory)
        }
        System::TextbookSqlite => ports(Arc::new(textbook::sqlite(&env::var("GOCHAT__DATABASE__URL")?)?)),
        System::TextbookPostgres => ports(Arc::new(textbook::postgres(&env::var("GOCHAT__DATABASE__URL")?)?)),
        other => bail!("{other} is not served by the benchmark"),
    };
    let clock = Arc::new(SystemClock);
    // The product is served here only when costs are counted.
    let max_age = if system.is_product() { LONG } else { CachingAuthenticator::MAX_AGE };
    let authenticator = CachingAuthenticator::new(database.api_keys(&queue), clock.clone(), max_age);
    let services = Services {
        groups: GroupService::new(groups, reader, clock.clone()),
        members: MemberService::new(members, database.member_reader(), clock),
        authenticator: Arc::new(authenticator),
        metrics: HttpMetrics::new()?,
        streams: Streams::of_connections(settings.http.max_connections),
        prefilled_key: None,
    };
    let listener = Listener::Tcp(TcpListener::bind(address)?);
    rt::System::new()
        .block_on(async { Ok(http::serve(listener, services, settings.http, future::pending())?.await?) })
}

/// Returns the repository as each of the two ports that it implements.
fn ports<R>(repository: Arc<R>) -> (Arc<dyn GroupRepository>, Arc<dyn MemberRepository>)
where
    R: GroupRepository + MemberRepository + 'static,
{
    (repository.clone(), repository)
}
