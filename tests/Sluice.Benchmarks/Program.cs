using BenchmarkDotNet.Running;
using Sluice.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(MechanismConfig).Assembly).Run(args, new MechanismConfig());
