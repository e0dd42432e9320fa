//! actix-web without the service: reads the body of a create, and sends a fixed reply like that of the service.

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{CACHE_CONTROL, ETAG, LOCATION, X_CONTENT_TYPE_OPTIONS},
    rt,
    web::{self, Bytes},
};
use std::net::SocketAddr;

/// The body of the reply.
const BODY: &str = r#"{"id":1000,"uuid":"01a2167b-7e70-701f-a68f-fb56c7b83d2c","name":"group_1000","admin_id":1000,"token":"298fbgv479bv","created_at":"2026-11-26T06:12:01.776676Z"}"#;

/// Serves until it is killed.
pub fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let server = HttpServer::new(|| App::new().route("/v1/group", web::post().to(reply))).workers(1);
    Ok(rt::System::new().block_on(server.bind(address)?.run())?)
}

/// Replies with the headers and the body of a create. A handler that takes [`Bytes`] runs once the body is read.
async fn reply(_body: Bytes) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, "/v1/group/1000"))
        .insert_header((ETAG, r#""1""#))
        .insert_header(("x-request-id", "01a2167b-7e70-7fb2-8f5a-e13ddd9226a5"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(BODY)
}
