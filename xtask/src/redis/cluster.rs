//! A Redis Cluster of three masters without replicas.
//!
//! Each node is given its slots and the address of one other node. The nodes exchange the rest
//! within seconds.

use std::{
    fs,
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{Redis, protocol::call};
use crate::{Result, scratch::on_free_port};

const NODES: u16 = 3;
const SLOTS: u16 = 16_384;
/// Nodes talk to each other on their port plus this number.
const BUS_OFFSET: u16 = 10_000;
const START_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Three running nodes; killed on drop.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Returns once every node serves the whole cluster. `home` must not exist.
    ///
    /// # Errors
    /// If a node does not start, or the cluster is incomplete after half a minute.
    pub(crate) fn start(program: &Path, home: &Path) -> Result<Self> {
        fs::create_dir(home)?;
        let nodes = (0..NODES).map(|index| start_node(program, &home.join(format!("node{index}"))));
        let cluster = Self { nodes: nodes.collect::<Result<_>>()? };
        cluster.join()?;
        cluster.wait_until_complete()?;
        Ok(cluster)
    }

    /// Returns the URL of one node, by which a client finds the others.
    pub(crate) fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// Assigns the slots and introduces every node to the first one.
    fn join(&self) -> Result<()> {
        let first = self.nodes[0].port.to_string();
        for (index, node) in (0..NODES).zip(&self.nodes) {
            let slots: Vec<String> = slots_of(index).map(|slot| slot.to_string()).collect();
            let mut add_slots = vec!["CLUSTER", "ADDSLOTS"];
            add_slots.extend(slots.iter().map(String::as_str));
            call(node.port, &add_slots)?;
            // Distinct epochs from the start, as `redis-cli --cluster create` sets them.
            call(node.port, &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()])?;
            if index > 0 {
                call(node.port, &["CLUSTER", "MEET", "127.0.0.1", &first])?;
            }
        }
        Ok(())
    }

    fn wait_until_complete(&self) -> Result<()> {
        let started = Instant::now();
        while !self.nodes.iter().all(sees_whole_cluster) {
            if started.elapsed() > START_TIMEOUT {
                let info = call(self.nodes[0].port, &["CLUSTER", "INFO"])?;
                return Err(format!("the Redis Cluster is incomplete:\n{info}").into());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

fn start_node(program: &Path, home: &Path) -> Result<Redis> {
    fs::create_dir(home)?;
    on_free_port(|bus| {
        let port = bus.checked_sub(BUS_OFFSET).ok_or("no free port above 10000")?;
        let settings = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"];
        Redis::spawn(program, home, port, &settings)
    })
}

/// Returns the slots of a node, without gaps or overlaps between the nodes.
fn slots_of(index: u16) -> Range<u16> {
    let first_of = |index: u16| SLOTS / NODES * index + index.min(SLOTS % NODES);
    first_of(index)..first_of(index + 1)
}

fn sees_whole_cluster(node: &Redis) -> bool {
    call(node.port, &["CLUSTER", "INFO"]).is_ok_and(|info| {
        ["cluster_state:ok".to_owned(), format!("cluster_known_nodes:{NODES}")]
            .iter()
            .all(|expected| info.lines().any(|line| line == expected))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_exactly_one_node() {
        let slots: Vec<u16> = (0..NODES).flat_map(slots_of).collect();
        assert_eq!(slots, (0..SLOTS).collect::<Vec<_>>());
    }
}
