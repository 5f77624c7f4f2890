[assembly: Sluice.AioModule("Sluice.Conformance.Layer.ConformanceAioModule")]
