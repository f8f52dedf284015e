use super::*;

fn limits(concurrency: usize, queue: usize) -> Limits {
    Limits {
        memory: 1,
        table_elements: 1,
        cpu: Duration::from_millis(1),
        cpu_weight: 100,
        cpu_wait: Duration::from_secs(1),
        calls: 1,
        concurrent_calls: 1,
        repeated_calls: 8,
        downstream_bytes: 1,
        response_size: 1,
        streamed_from: 1,
        stream_ahead: 1,
        hostcall_bytes: 1,
        handles: 1,
        formatters: 1,
        log_lines: 1,
        log_rate: 1 << 20,
        concurrency,
        queue,
        queue_timeout: Duration::from_millis(100),
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_in_number_and_time() {
    let admission = Admission::new(&limits(1, 1), 1, Arc::new(Instances::new(10)));
    let held = admission.permit().await.unwrap();
    let waiting = admission.permit();
    tokio::pin!(waiting);
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert_eq!(admission.load(), (1, 1));
    assert!(
        matches!(admission.permit().await, Err(BffError::Overloaded { .. })),
        "a second one may not wait"
    );
    assert!(
        matches!(waiting.await, Err(BffError::Overloaded { .. })),
        "the wait ends by itself"
    );
    assert_eq!(admission.load(), (1, 0));
    drop(held);
    assert!(admission.permit().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_bff_can_not_take_the_instances_of_all() {
    let instances = Arc::new(Instances::new(3));
    let greedy = Admission::new(&limits(2, 0), 1, instances.clone());
    let modest = Admission::new(&limits(2, 0), 1, instances);
    let _held = (
        greedy.permit().await.unwrap(),
        greedy.permit().await.unwrap(),
    );
    assert!(matches!(
        greedy.permit().await,
        Err(BffError::Overloaded { .. })
    ));
    let _one = modest.permit().await.unwrap();
    assert!(matches!(modest.permit().await, Err(BffError::EngineFull)));
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_while_waiting_is_not_counted_any_more() {
    let admission = Admission::new(&limits(1, 1), 1, Arc::new(Instances::new(10)));
    let _held = admission.permit().await.unwrap();
    {
        let waiting = admission.permit();
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
    }
    assert_eq!(admission.load(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_freed_instance_goes_to_the_bff_that_runs_the_fewest() {
    let instances = Arc::new(Instances::new(2));
    let greedy = Admission::new(&limits(4, 0), 1, instances.clone());
    let modest = Admission::new(&limits(4, 0), 1, instances);
    let first = greedy.permit().await.unwrap();
    let _second = greedy.permit().await.unwrap();
    let (third, fourth) = (greedy.permit(), greedy.permit());
    let waits = modest.permit();
    tokio::pin!(third, fourth, waits);
    assert!(futures_util::poll!(&mut third).is_pending());
    assert!(futures_util::poll!(&mut fourth).is_pending());
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(first);
    let served = futures_util::poll!(&mut waits);
    assert!(matches!(served, std::task::Poll::Ready(Ok(_))));
    assert!(futures_util::poll!(&mut third).is_pending());
}

#[tokio::test]
async fn a_permit_of_a_task_is_given_back_with_its_instance() {
    let admission = Admission::new(&limits(1, 0), 1, Arc::new(Instances::new(1)));
    let admission = Arc::new(admission);
    for _ in 0..2 {
        let held = admission.owned_permit().await.unwrap();
        assert_eq!(admission.load(), (1, 0));
        assert!(admission.permit().await.is_err());
        drop(held);
        assert_eq!(admission.load(), (0, 0));
        drop(admission.permit().await.unwrap());
    }
}
