//! Challenges in every database.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::random::random;
use crate::testing_world::{World, worlds};

const LIFETIME: Duration = Duration::from_mins(10);

async fn insert(world: &World, value: &[u8]) -> ChallengeDigest {
    let digest = ChallengeDigest::new(random());
    let expires_at = world.now() + LIFETIME;
    world.challenges.insert(&digest, value, world.now(), expires_at).await.unwrap();
    digest
}

#[tokio::test]
async fn a_challenge_is_found_until_it_is_taken() {
    for world in worlds().await {
        let digest = insert(&world, b"state").await;
        let other = insert(&world, &[0xff; 16 * 1024]).await;
        let challenges = &world.challenges;
        for _ in 0..2 {
            let found = challenges.find(&digest, world.now()).await.unwrap();
            assert_eq!(found.as_deref(), Some(b"state".as_slice()));
        }
        let taken = challenges.take(&digest, world.now()).await.unwrap();
        assert_eq!(taken.as_deref(), Some(b"state".as_slice()));
        assert_eq!(challenges.find(&digest, world.now()).await.unwrap(), None);
        assert_eq!(challenges.take(&digest, world.now()).await.unwrap(), None);
        let taken = challenges.take(&other, world.now()).await.unwrap();
        assert_eq!(taken, Some(vec![0xff; 16 * 1024]));
    }
}

#[tokio::test]
async fn an_expired_challenge_is_neither_found_nor_taken_and_is_purged() {
    for world in worlds().await {
        let expired = insert(&world, b"state").await;
        world.clock.advance(LIFETIME);
        let valid = insert(&world, b"state").await;
        let challenges = &world.challenges;
        assert_eq!(challenges.find(&expired, world.now()).await.unwrap(), None);
        assert_eq!(challenges.take(&expired, world.now()).await.unwrap(), None);
        assert_eq!(challenges.purge(world.now(), 10).await.unwrap(), 1);
        assert_eq!(challenges.purge(world.now(), 10).await.unwrap(), 0);
        assert!(challenges.take(&valid, world.now()).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_concurrent_takes_one_gets_the_value() {
    for world in worlds().await {
        let digest = insert(&world, b"state").await;
        let mut tasks = Vec::new();
        for _ in 0..64 {
            let challenges = Arc::clone(&world.challenges);
            let now = world.now();
            tasks.push(tokio::spawn(async move { challenges.take(&digest, now).await.unwrap() }));
        }
        let mut values = Vec::new();
        for task in tasks {
            values.extend(task.await.unwrap());
        }
        assert_eq!(values, [b"state".to_vec()]);
    }
}
