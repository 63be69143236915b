//! The connection to Redis.
//!
//! A single server has one multiplexed connection, which is replaced when it breaks. The crate's own
//! `ConnectionManager` does not replace a connection whose server has become a replica or does not
//! answer, and never tries again after an answer such as "max number of clients reached" while
//! connecting. A cluster's connection looks after its nodes by itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture, Shared};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, InfoDict,
    RedisError, ServerErrorKind, ToRedisArgs, cmd,
};
use sha1::{Digest, Sha1};
use tokio::time::{Instant, timeout, timeout_at};

use super::config::{RedisConfig, tcp_settings};
use super::errors::{is_useless_connection, store_error};
use crate::store_error::StoreError;

pub(super) struct Link {
    server: Server,
    timeout: Duration,
}

/// For a script that needs its key only.
pub(super) const NO_ARGUMENTS: Option<i64> = None;

enum Server {
    Single(Box<Single>),
    Cluster(ClusterConnection),
}

/// One connection, or the attempt to make it, which all callers wait for together.
type Attempt = Shared<BoxFuture<'static, Result<MultiplexedConnection, RedisError>>>;

struct Single {
    client: Client,
    settings: AsyncConnectionConfig,
    current: Mutex<Attempt>,
}

impl Link {
    /// Connects to the first node that answers.
    pub(super) async fn connect(config: &RedisConfig) -> Result<Self, StoreError> {
        let nodes = config.nodes()?;
        install_tls_provider();
        let mut failure = timed_out();
        for node in &nodes {
            match Server::connect(node, &nodes, config.timeout).await {
                Ok(server) => return Ok(Self { server, timeout: config.timeout }),
                Err(error) => failure = error,
            }
        }
        Err(store_error(failure))
    }

    /// Sends a command and waits for the answer, no longer than the time limit.
    pub(super) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.send(command).await.map_err(store_error)
    }

    /// Runs a Lua script on one key. Redis runs it as one atomic step.
    pub(super) async fn eval<T: FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        arguments: impl ToRedisArgs,
    ) -> Result<T, StoreError> {
        let digest = hex::encode(Sha1::digest(script));
        let command =
            |verb, script: &str| cmd(verb).arg(script).arg(1).arg(key).arg(&arguments).to_owned();
        match self.send(&command("EVALSHA", &digest)).await {
            // The server has restarted, or is another one than before.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.call(&command("EVAL", script)).await
            }
            result => result.map_err(store_error),
        }
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        match &self.server {
            Server::Single(single) => single.send(command, self.timeout).await,
            Server::Cluster(connection) => {
                let mut connection = connection.clone();
                let answer = timeout(self.timeout, command.query_async(&mut connection)).await;
                answer.unwrap_or_else(|_| Err(timed_out()))
            }
        }
    }
}

impl Server {
    async fn connect(
        node: &ConnectionInfo,
        nodes: &[ConnectionInfo],
        limit: Duration,
    ) -> Result<Self, RedisError> {
        let client = Client::open(node.clone())?;
        // The link has a limit for each command, so the connection needs none.
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
        let info = cmd("INFO").arg("cluster").to_owned();
        let info: InfoDict = timeout(limit, info.query_async(&mut connection))
            .await
            .unwrap_or_else(|_| Err(timed_out()))?;
        if info.get::<u8>("cluster_enabled") == Some(1) {
            let cluster = ClusterClientBuilder::new(nodes.to_vec())
                .tcp_settings(tcp_settings())
                .connection_timeout(limit)
                .response_timeout(limit)
                .min_retry_wait(10)
                .max_retry_wait(100)
                .build()?;
            return Ok(Self::Cluster(cluster.get_async_connection().await?));
        }
        let current = Mutex::new(future::ready(Ok(connection)).boxed().shared());
        Ok(Self::Single(Box::new(Single { client, settings, current })))
    }
}

impl Single {
    /// A command that failed with its connection is sent once more on a new one. The server may have
    /// run it twice then, which is harmless: a use or a failure counts double, and of a removal or a
    /// refund the effect is the same.
    async fn send<T: FromRedisValue>(
        &self,
        command: &Cmd,
        limit: Duration,
    ) -> Result<T, RedisError> {
        let deadline = Instant::now() + limit;
        match self.try_send(command, deadline).await {
            Err(error) if is_useless_connection(&error) && !error.is_timeout() => {
                self.try_send(command, deadline).await
            }
            result => result,
        }
    }

    async fn try_send<T: FromRedisValue>(
        &self,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<T, RedisError> {
        let attempt = self.current();
        let answer = async {
            let mut connection = attempt.clone().await.map_err(|error| (error, true))?;
            let answer = command.query_async(&mut connection).await;
            answer.map_err(|error| {
                let is_useless = is_useless_connection(&error);
                (error, is_useless)
            })
        };
        let answer =
            timeout_at(deadline, answer).await.unwrap_or_else(|_| Err((timed_out(), true)));
        answer.map_err(|(error, is_useless)| {
            if is_useless {
                self.replace(&attempt);
            }
            error
        })
    }

    fn current(&self) -> Attempt {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts over, unless another call has done so since.
    fn replace(&self, failed: &Attempt) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.ptr_eq(failed) {
            return;
        }
        let client = self.client.clone();
        let settings = self.settings.clone();
        let attempt =
            async move { client.get_multiplexed_async_connection_with_config(&settings).await };
        *current = attempt.boxed().shared();
    }
}

fn timed_out() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within the time limit").into()
}

/// rustls needs one provider of cryptography per process. An app that has chosen one keeps it.
fn install_tls_provider() {
    #[cfg(feature = "redis-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another thread was faster, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}
