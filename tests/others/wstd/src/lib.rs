//! A component by `wstd`.

use futures_util::future::join_all;
use wstd::http::{Body, Client, Error, Request, Response};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    match request.uri().path() {
        "/post" => {
            let mut body = request.into_body();
            let bytes = body.bytes_contents().await?;
            let size = bytes.len();
            let call = Request::post("http://goals/upload").body(Body::from(bytes.to_vec()))?;
            let mut answer = Client::new().send(call).await?.into_body();
            text(format!("{size} {}", answer.str_contents().await?))
        }
        "/three" => {
            let calls = ["a", "b", "c"].map(|name| get(format!("http://goals/{name}")));
            let answers: Result<Vec<_>, _> = join_all(calls).await.into_iter().collect();
            text(answers?.join(" "))
        }
        "/denied" => text(match get("http://elsewhere.example/".to_owned()).await {
            Ok(_) => "reached".to_owned(),
            Err(_) => "denied".to_owned(),
        }),
        "/hang" => {
            let _ = get("http://goals/hang".to_owned()).await;
            wstd::task::sleep(wstd::time::Duration::from_secs(60)).await;
            text(String::new())
        }
        "/trap" => panic!("trap"),
        "/memory" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
                std::hint::black_box(&all);
            }
        }
        _ => Ok(Response::builder().status(404).body(Body::empty())?),
    }
}

async fn get(url: String) -> Result<String, Error> {
    let call = Request::get(url).body(Body::empty())?;
    let mut answer = Client::new().send(call).await?.into_body();
    Ok(answer.str_contents().await?.to_owned())
}

fn text(body: String) -> Result<Response<Body>, Error> {
    let response = Response::builder().header("content-type", "text/plain");
    Ok(response.body(Body::from(body))?)
}
